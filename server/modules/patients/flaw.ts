/** Why a value is refused: a stable code for programs and a sentence for people, which never repeats the value. */
export type Flaw = { code: string; message: string }

/** A value as it is kept, or why it is refused. */
export type Reading = { ok: true; value: string } | { ok: false; flaw: Flaw }
