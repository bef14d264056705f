// The page for changing one's own password.
import { Container, Paper } from '@mantine/core'
import { PasswordForm } from './password-form.tsx'

export function ChangePasswordPage() {
  return (
    <Container size={460} px={0}>
      <Paper withBorder p={{ base: 'md', xs: 'xl' }}>
        <PasswordForm />
      </Paper>
    </Container>
  )
}
