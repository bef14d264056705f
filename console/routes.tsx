// Which pages there are. Each is fetched when it is first gone to; the addresses of a task stand in its own folder.
import { createRoute, createRouter } from '@tanstack/react-router'
import { accountRoutes } from './account/routes.ts'
import { addresses } from './addresses.ts'
import { arrangeHouseRoutes } from './arrange-house/routes.ts'
import { arrangeSchedulesRoutes } from './arrange-schedules/routes.ts'
import { bedMapRoutes } from './bed-map/routes.ts'
import { bookAppointmentRoutes } from './book-appointment/routes.ts'
import { changeDetailsRoutes } from './change-details/routes.ts'
import { dayCalendarRoutes } from './day-calendar/routes.ts'
import { findDoctorRoutes } from './find-doctor/routes.ts'
import { doctorTodayRoutes } from './doctor-today/routes.ts'
import { findPatientRoutes } from './find-patient/routes.ts'
import { anyone, closed, open, root } from './frame/grounds.tsx'
import { StartPage } from './frame/start-page.tsx'
import { Broken, NotFound, Waiting } from './frame/states.tsx'
import { importPatientsRoutes } from './import-patients/routes.ts'
import { lookAfterAccountsRoutes } from './look-after-accounts/routes.ts'
import { overseeAccessRoutes } from './oversee-access/routes.ts'
import { ownAppointmentsRoutes } from './own-appointments/routes.ts'
import { ownRecordRoutes } from './own-record/routes.ts'
import { nursingAssessmentRoutes } from './nursing-assessment/routes.ts'
import { patientRoutes } from './patient/routes.ts'
import { readFiguresRoutes } from './read-figures/routes.ts'
import { registerAccountRoutes } from './register-account/routes.ts'
import { prescribeRoutes } from './prescribe/routes.ts'
import { readChartRoutes } from './read-chart/routes.ts'
import { readImagesRoutes } from './read-images/routes.ts'
import { seePatientRoutes } from './see-patient/routes.ts'
import { registerPatientRoutes } from './register-patient/routes.ts'
import { signInRoutes } from './sign-in/routes.ts'
import { vitalSignsRoutes } from './vital-signs/routes.ts'
import { wardBoardRoutes } from './ward-board/routes.ts'
import { waitForTimeRoutes } from './wait-for-time/routes.ts'
import { watchOperationRoutes } from './watch-operation/routes.ts'

const start = createRoute({ getParentRoute: () => closed, path: addresses.start, component: StartPage })

export const router = createRouter({
  routeTree: root.addChildren([
    closed.addChildren([
      start,
      ...findPatientRoutes,
      ...dayCalendarRoutes,
      ...registerPatientRoutes,
      ...patientRoutes,
      ...changeDetailsRoutes,
      ...bookAppointmentRoutes,
      ...doctorTodayRoutes,
      ...readChartRoutes,
      ...seePatientRoutes,
      ...readImagesRoutes,
      ...prescribeRoutes,
      ...readFiguresRoutes,
      ...arrangeHouseRoutes,
      ...arrangeSchedulesRoutes,
      ...lookAfterAccountsRoutes,
      ...importPatientsRoutes,
      ...watchOperationRoutes,
      ...overseeAccessRoutes,
      ...wardBoardRoutes,
      ...nursingAssessmentRoutes,
      ...vitalSignsRoutes,
      ...accountRoutes,
      ...ownAppointmentsRoutes,
      ...ownRecordRoutes,
      ...waitForTimeRoutes,
      ...bedMapRoutes,
    ]),
    anyone.addChildren([...findDoctorRoutes]),
    open.addChildren([...signInRoutes, ...registerAccountRoutes]),
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
