// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { open } from '../frame/grounds.tsx'

const signIn = createRoute({
  getParentRoute: () => open,
  path: addresses.sign_in,
  component: lazyRouteComponent(() => import('./sign-in-page.tsx'), 'SignInPage'),
})
const forgotPassword = createRoute({
  getParentRoute: () => open,
  path: addresses.forgot_password,
  component: lazyRouteComponent(() => import('./forgot-password-page.tsx'), 'ForgotPasswordPage'),
})
const resetPassword = createRoute({
  getParentRoute: () => open,
  path: addresses.reset_password,
  component: lazyRouteComponent(() => import('./new-password-page.tsx'), 'ResetPasswordPage'),
})
const invitation = createRoute({
  getParentRoute: () => open,
  path: addresses.invitation,
  component: lazyRouteComponent(() => import('./new-password-page.tsx'), 'InvitationPage'),
})
const verifyEmail = createRoute({
  getParentRoute: () => open,
  path: addresses.verify_email,
  component: lazyRouteComponent(() => import('./verify-email-page.tsx'), 'VerifyEmailPage'),
})

export const signInRoutes = [signIn, forgotPassword, resetPassword, invitation, verifyEmail] as const
