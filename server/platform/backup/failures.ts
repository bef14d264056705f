// What is wrong with a backup, or stands in the way of one, in words for the operator.

export class BackupFailed extends Error {}
