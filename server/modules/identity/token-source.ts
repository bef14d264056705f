// Making the tokens of users' names anew, while the index roots are rotated.
import { sql } from '#platform/database/sql.ts'
import { unlessUnreadable } from '#platform/encryption/failures.ts'
import type { TokenSource } from '#platform/encryption/token-source.ts'
import { openProfile, profileTokens, type SealedProfile } from './profiles.ts'

export const userTokenSource: TokenSource = {
  table: 'user_tokens',
  owner: 'user_id',
  has_kinds: true,
  async backfill(tx, keys, ids) {
    const rows = await tx.rows(sql<SealedProfile>`
      select id, key_id, sealed_profile from users where id = any(${ids}::uuid[]) order by id for no key update`)
    const unreadable: string[] = []
    const readable: string[] = []
    const tokens = rows.flatMap((row) => {
      const profile = unlessUnreadable(
        () => openProfile(keys, row),
        () => undefined,
      )
      ;(profile ? readable : unreadable).push(row.id)
      return profile ? profileTokens(keys, profile).map((token) => ({ user_id: row.id, ...token })) : []
    })
    await tx.run(sql`
      with given as (
        select * from unnest(${tokens.map(({ user_id }) => user_id)}::uuid[], ${tokens.map(({ kind }) => kind)}::text[],
                             ${tokens.map(({ key_version }) => key_version)}::int[], ${tokens.map(({ token }) => token)}::bytea[])
               as g(user_id, kind, key_version, token)
      ), other as (
        delete from user_tokens t
         where t.user_id = any(${readable}::uuid[])
           and not exists (select from given g where (g.user_id, g.kind, g.key_version, g.token) = (t.user_id, t.kind, t.key_version, t.token))
      )
      insert into user_tokens (user_id, kind, key_version, token)
      select user_id, kind, key_version, token from given order by kind, key_version, token on conflict do nothing`)
    return unreadable
  },
}
