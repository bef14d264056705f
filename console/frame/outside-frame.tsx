// The frame of pages that come before a sign-in: one card, and the language beside it.
import { Box, Center, Container, Group, Paper, Stack, Text } from '@mantine/core'
import type { PropsWithChildren } from 'react'
import { LanguageChoice } from './choices.tsx'
import { Mark } from './mark.tsx'

export function OutsideFrame({ children }: PropsWithChildren) {
  return (
    <Center mih="100dvh" py="lg">
      <Container size={460} w="100%" px="md">
        <Stack gap="lg">
          <Group component="header" gap="xs" justify="center">
            <Mark />
            <Text fw={700} size="xl">
              OpenWard
            </Text>
          </Group>
          <Paper component="main" id="content" withBorder shadow="sm" p={{ base: 'md', xs: 'xl' }}>
            {children}
          </Paper>
          <Box component="footer" mx="auto">
            <LanguageChoice />
          </Box>
        </Stack>
      </Container>
    </Center>
  )
}
