// The place of the warehouse with a span for each call. Which file of it is not told.
import { type FileTree, openTree, type TreePlace } from '#platform/storage/tree.ts'
import { type BeginSpan, listed } from './traced-storage.ts'
import { type Tracing, within } from './tracing.ts'

export function openTracedTree(place: TreePlace, tracing: Tracing | undefined): FileTree {
  const tree = openTree(place)
  return tracing ? tracedTree(tree, (name) => tracing.begin(name, 'client')) : tree
}

export function tracedTree(tree: FileTree, begin: BeginSpan): FileTree {
  return {
    put: (path, content) => within(begin('warehouse put'), () => tree.put(path, content)),
    create: (path, content) => within(begin('warehouse create'), () => tree.create(path, content)),
    read: (path) => within(begin('warehouse read'), () => tree.read(path)),
    remove: (path) => within(begin('warehouse remove'), () => tree.remove(path)),
    list: (folder) => listed(() => tree.list(folder), begin, 'warehouse list'),
    // Asked for every few seconds, as health is.
    check: () => tree.check(),
  }
}
