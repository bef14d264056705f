// Paths of the files that we write.

const part = /^[a-z0-9_=-][a-z0-9_.=-]*$/

/** Paths are our own: anything else would be a mistake of ours, and never leads elsewhere. @throws RangeError */
export function assertPath(path: string): void {
  if (!path.split('/').every((name) => part.test(name))) throw new RangeError('this is no path of a file that we write')
}
