// Text as people search for it: case and diacritics do not count. As openward.folded of the database.

export function folded(text: string): string {
  return text
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036F]/g, '')
}
