// The frame of pages that everybody may see, for whoever is not signed in.
import { AppShell, Container, Group, Text, VisuallyHidden } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { PropsWithChildren } from 'react'
import { addresses } from '../addresses.ts'
import { useWords } from '../words/words.tsx'
import { LanguageChoice } from './choices.tsx'
import { LinkButton } from './link-button.tsx'
import { Mark } from './mark.tsx'
import classes from './inside-frame.module.css'

export function PublicFrame({ children }: PropsWithChildren) {
  const { frame, sign_in } = useWords()
  return (
    <AppShell header={{ height: 56 }} padding={0}>
      <a className="skip" href="#content">
        {frame.skip}
      </a>
      <AppShell.Header>
        <Container size="lg" h="100%" px="md">
          <Group h="100%" gap="sm" wrap="nowrap" justify="space-between">
            <Link to={addresses.doctors} className={classes.home}>
              <Mark />
              {/* Two languages and the way in have no room beside the name on a telephone. */}
              <Text fw={700} component="span" visibleFrom="xs">
                OpenWard
              </Text>
              <VisuallyHidden hiddenFrom="xs">OpenWard</VisuallyHidden>
            </Link>
            <Group gap="xs" wrap="nowrap">
              <LanguageChoice />
              <LinkButton to={addresses.start} variant="light">
                {sign_in.submit}
              </LinkButton>
            </Group>
          </Group>
        </Container>
      </AppShell.Header>
      <AppShell.Main id="content" tabIndex={-1}>
        <Container size="lg" px="md" py="lg">
          {children}
        </Container>
      </AppShell.Main>
    </AppShell>
  )
}
