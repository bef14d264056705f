// Which page stands at which address. Each is fetched when it is first gone to.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { addresses } from './addresses.ts'
import { Broken, NotFound, Waiting } from './frame/states.tsx'
import { Closed, Open, Root } from './frame/root.tsx'

const LocalDate = z.iso.date()
const Id = z.uuid()
/** Of an address that somebody typed, what is of no use is left out. */
function known<T>(schema: z.ZodType<T>, value: unknown): T | undefined {
  const read = schema.safeParse(value)
  return read.success ? read.data : undefined
}

const root = createRootRoute({ component: Root, notFoundComponent: NotFound, errorComponent: Broken })
/** Pages for whoever is signed in; anyone else is shown the sign-in at the same address. */
const closed = createRoute({ getParentRoute: () => root, id: 'closed', component: Closed })
const open = createRoute({ getParentRoute: () => root, id: 'open', component: Open })

const reception = createRoute({
  getParentRoute: () => closed,
  path: addresses.reception,
  component: lazyRouteComponent(() => import('./find-patient/reception-page.tsx'), 'ReceptionPage'),
})
const calendar = createRoute({
  getParentRoute: () => closed,
  path: addresses.calendar,
  validateSearch: (search): { date?: string | undefined } => ({ date: known(LocalDate, search['date']) }),
  component: lazyRouteComponent(() => import('./day-calendar/calendar-page.tsx'), 'CalendarPage'),
})
const registerPatient = createRoute({
  getParentRoute: () => closed,
  path: addresses.register_patient,
  component: lazyRouteComponent(() => import('./register-patient/register-page.tsx'), 'RegisterPage'),
})
const patient = createRoute({
  getParentRoute: () => closed,
  path: addresses.patient,
  component: lazyRouteComponent(() => import('./patient/patient-page.tsx'), 'PatientPage'),
})
const book = createRoute({
  getParentRoute: () => closed,
  path: addresses.book,
  validateSearch: (search): { move?: string | undefined } => ({ move: known(Id, search['move']) }),
  component: lazyRouteComponent(() => import('./book-appointment/booking-page.tsx'), 'BookingPage'),
})
const sessions = createRoute({
  getParentRoute: () => closed,
  path: addresses.sessions,
  component: lazyRouteComponent(() => import('./account/sessions-page.tsx'), 'SessionsPage'),
})
const password = createRoute({
  getParentRoute: () => closed,
  path: addresses.password,
  component: lazyRouteComponent(() => import('./account/change-password-page.tsx'), 'ChangePasswordPage'),
})

const signIn = createRoute({
  getParentRoute: () => open,
  path: addresses.sign_in,
  component: lazyRouteComponent(() => import('./sign-in/sign-in-page.tsx'), 'SignInPage'),
})
const forgotPassword = createRoute({
  getParentRoute: () => open,
  path: addresses.forgot_password,
  component: lazyRouteComponent(() => import('./sign-in/forgot-password-page.tsx'), 'ForgotPasswordPage'),
})
const resetPassword = createRoute({
  getParentRoute: () => open,
  path: addresses.reset_password,
  component: lazyRouteComponent(() => import('./sign-in/new-password-page.tsx'), 'ResetPasswordPage'),
})
const invitation = createRoute({
  getParentRoute: () => open,
  path: addresses.invitation,
  component: lazyRouteComponent(() => import('./sign-in/new-password-page.tsx'), 'InvitationPage'),
})
const verifyEmail = createRoute({
  getParentRoute: () => open,
  path: addresses.verify_email,
  component: lazyRouteComponent(() => import('./sign-in/verify-email-page.tsx'), 'VerifyEmailPage'),
})

export const router = createRouter({
  routeTree: root.addChildren([
    closed.addChildren([reception, calendar, registerPatient, patient, book, sessions, password]),
    open.addChildren([signIn, forgotPassword, resetPassword, invitation, verifyEmail]),
  ]),
  defaultPendingComponent: Waiting,
  defaultErrorComponent: Broken,
  defaultNotFoundComponent: NotFound,
  defaultPreload: 'intent',
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
