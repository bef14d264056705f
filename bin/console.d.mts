export const digestFile: string
export function builtFolder(root: string): string
export function sourcesDigest(root: string): string
export function ensureConsole(root: string, runtime: string): void
