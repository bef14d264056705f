// The heading of a page, which is its title in the window, too. The title of a page about a person does not say whose: browsers
// keep titles in their history.
import { Title } from '@mantine/core'
import type { ReactNode } from 'react'

export function PageTitle({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <>
      <title>{`${title} · OpenWard`}</title>
      <Title order={1} size="h2">
        {children ?? title}
      </Title>
    </>
  )
}
