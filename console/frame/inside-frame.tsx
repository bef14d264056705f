// The frame around the pages of whoever is signed in: where to go, who one is, and the warning before an automatic log-off.
import {
  AppShell,
  Avatar,
  Button,
  Container,
  Divider,
  Group,
  Popover,
  Stack,
  Text,
  UnstyledButton,
  VisuallyHidden,
} from '@mantine/core'
import { Link, useLocation } from '@tanstack/react-router'
import { type PropsWithChildren, useEffect, useState } from 'react'
import { addresses } from '../addresses.ts'
import { beginLive } from '../connection/live.ts'
import { leave } from '../connection/session.ts'
import type { CurrentUser } from '#contracts/identity/session'
import { useWords } from '../words/words.tsx'
import { LanguageChoice, SchemeChoice } from './choices.tsx'
import { placesOf } from './places.ts'
import { IdleWarning } from './idle-warning.tsx'
import { LiveLine } from './live-line.tsx'
import { Mark, Sign } from './mark.tsx'
import { queries } from './queries.ts'
import classes from './inside-frame.module.css'

beginLive(queries)

export function InsideFrame({ user, children }: PropsWithChildren<{ user: CurrentUser }>) {
  const { frame } = useWords()
  const { pathname } = useLocation()
  // The router could remember how far each page was scrolled, in a storage where the addresses of patients would stay.
  useEffect(() => {
    // What newer browsers return is a promise, and no clean-up.
    scrollTo(0, 0)
  }, [pathname])
  // Whoever hears the page is taken to the new one, unless a field of it asks to be filled.
  useEffect(() => {
    // The start leads on to a page, which may have such a field.
    if (pathname === addresses.start) return
    const isNowhere = document.activeElement === null || document.activeElement === document.body
    if (isNowhere) document.getElementById('content')?.focus({ preventScroll: true })
  }, [pathname])
  return (
    <AppShell header={{ height: 56 }} padding={0}>
      <a className="skip" href="#content">
        {frame.skip}
      </a>
      <AppShell.Header>
        <Container size="xl" h="100%" px="md">
          <Group h="100%" gap="xs" wrap="nowrap">
            <Mark />
            <Text fw={700} visibleFrom="sm" me="sm">
              OpenWard
            </Text>
            <Places user={user} />
            <AccountMenu user={user} />
          </Group>
        </Container>
      </AppShell.Header>
      <AppShell.Main id="content" tabIndex={-1}>
        <LiveLine />
        <Container size="xl" px="md" py="lg">
          {children}
        </Container>
      </AppShell.Main>
      <IdleWarning user={user} />
    </AppShell>
  )
}

/** Side by side where there is room for them, else behind a button. */
function Places({ user }: { user: CurrentUser }) {
  const { pathname } = useLocation()
  const { frame, places: names } = useWords()
  const [isOpen, setOpen] = useState(false)
  const places = placesOf(user)
  const links = places.map(({ name, to, sign }) => (
    <Link
      key={name}
      to={to}
      // Of two places one of which stands within the other, only the one that one is at is marked.
      activeOptions={{ exact: places.some((other) => other.to === pathname && pathname.startsWith(`${to}/`)) }}
      className={classes.link}
      onClick={() => setOpen(false)}
    >
      <Sign name={sign} />
      {names[name]}
    </Link>
  ))
  const few = places.length < 3
  // In any language they must have room beside each other.
  const many = places.length > 6
  if (places.length === 0) return null
  return (
    <>
      {!many && (
        <Group
          component="nav"
          aria-label={frame.main}
          gap={4}
          wrap="nowrap"
          {...(!few && { visibleFrom: 'lg' as const })}
        >
          {links}
        </Group>
      )}
      {!few && (
        <Popover opened={isOpen} onChange={setOpen} position="bottom-start" width={260} trapFocus returnFocus withArrow>
          <Popover.Target>
            <UnstyledButton
              onClick={() => setOpen(!isOpen)}
              className={classes.link}
              {...(!many && { hiddenFrom: 'lg' as const })}
            >
              <Sign name="more" />
              {frame.more}
            </UnstyledButton>
          </Popover.Target>
          <Popover.Dropdown aria-label={frame.main}>
            <Stack component="nav" aria-label={frame.main} gap={4}>
              {links}
            </Stack>
          </Popover.Dropdown>
        </Popover>
      )}
    </>
  )
}

function AccountMenu({ user }: { user: CurrentUser }) {
  const { frame } = useWords()
  const [isOpen, setOpen] = useState(false)
  const name = `${user.first_name} ${user.last_name}`
  const close = () => setOpen(false)
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" width={260} trapFocus returnFocus withArrow>
      <Popover.Target>
        <UnstyledButton ms="auto" onClick={() => setOpen(!isOpen)} className={classes.account}>
          <VisuallyHidden>{`${frame.account}: ${name}`}</VisuallyHidden>
          <Avatar size={36} name={name} color="ward" variant="filled" alt="" aria-hidden />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={frame.account}>
        <Stack gap="sm">
          <div>
            <Text fw={600} className="name">
              {name}
            </Text>
            <Text size="sm" c="dimmed" className="name">
              {user.email}
            </Text>
          </div>
          <Divider />
          <Link to={addresses.sessions} className={classes.entry} onClick={close}>
            {frame.sessions}
          </Link>
          <Link to={addresses.password} className={classes.entry} onClick={close}>
            {frame.password}
          </Link>
          <Divider />
          <SchemeChoice />
          <LanguageChoice />
          <Button variant="light" onClick={() => void leave()}>
            {frame.sign_out}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
