// The words of who somebody is, how they are reached and told, and the links of their calendar.
const before = (minutes: number) =>
  minutes % 1440 === 0
    ? minutes === 1440
      ? '1 day before'
      : `${minutes / 1440} days before`
    : minutes % 60 === 0
      ? minutes === 60
        ? '1 hour before'
        : `${minutes / 60} hours before`
      : `${minutes} minutes before`

export const en = {
  title: 'Change the details',
  own_title: 'Contact and reminders',
  back: 'Back to the record',
  contact: 'How the hospital reaches you',
  email_help: 'Mails about your appointments go here. What you sign in with stays as it is.',
  labels: { marital_status: 'Marital status', occupation: 'Occupation' },
  lines: {
    line1: 'Street and number',
    line2: 'More of the address',
    city: 'City',
    state: 'State or region',
    postal_code: 'Postal code',
    country: 'Country',
  },
  saved: 'Saved.',
  reminders: 'Reminders',
  by_email: 'Mails about appointments',
  by_email_help: 'What is booked, changed or cancelled, and reminders before it.',
  yes_no: (is: boolean): string => (is ? 'Yes' : 'No'),
  remind: 'Remind',
  remind_help: 'Three times at most; none for no reminder.',
  before,
  quiet: 'Quiet hours',
  quiet_help: 'Quiet hours: nothing is sent then that can wait, on the clock of the hospital.',
  quiet_from: 'From',
  quiet_until: 'Until',
  links: 'Calendar links',
  links_text:
    'A link shows your appointments in the calendar of your telephone or computer, and keeps them up to date. Whoever has it can read them: the time and the place, no name and no reason.',
  links_none: 'There is no link.',
  make_link: {
    own_appointments: 'Make a link to my appointments',
    own_calendar: 'Make a link to my calendar as a doctor',
  },
  link_shows: { own_appointments: 'My appointments', own_calendar: 'My calendar as a doctor' },
  link_once: 'Add this address to your calendar program as a subscription. It is not shown again.',
  link_kept: 'I have kept it',
  link_of: (moment: string) => `Made ${moment}`,
  revoke: 'Revoke',
  revoke_of: (made: string) => `Revoke: ${made}`,
  prove: 'Give your password to go on',
  copy: 'Copy the link',
  copied: 'Copied',
}
export type DetailsWords = typeof en
