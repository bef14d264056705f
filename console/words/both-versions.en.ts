// Two have changed the same.
export const en = {
  conflict: 'Somebody else has changed this meanwhile',
  conflict_text: 'Look at both, and choose what stays.',
  field: 'Field',
  theirs: 'As it stands now',
  mine: 'As you have it',
  take_theirs: 'Take what stands now',
  keep_mine: 'Save mine',
}
export type BothVersionsWords = typeof en
