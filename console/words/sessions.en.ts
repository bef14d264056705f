// The words of one's own sessions.
export const en = {
  title: 'Where I am signed in',
  this: 'This one',
  since: (moment: string) => `Since ${moment}`,
  used: (moment: string) => `Last used ${moment}`,
  end: 'End it',
  end_all: 'Sign out everywhere',
  prove: 'Give your password to go on',
  attempts: 'Latest attempts to sign in as me',
  success: 'Succeeded',
  failure: 'Failed',
  denied: 'Refused',
  unknown_device: 'Unknown device',
}
export type SessionWords = typeof en
