// How a document store fails.

/** There is no room left: nothing was kept. */
export class StorageFull extends Error {}

/** It does not answer, or refuses. */
export class StorageUnavailable extends Error {}

/** There is no file of this name. */
export class ContentMissing extends Error {}
