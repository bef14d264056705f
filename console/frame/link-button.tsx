// Links whose addresses the compiler checks: one that looks like a button, one that leads from a row to what it is about.
import { Anchor, type AnchorProps, Button, type ButtonProps } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { ComponentPropsWithRef } from 'react'

function AnchorButton(props: ButtonProps & Omit<ComponentPropsWithRef<'a'>, keyof ButtonProps>) {
  return <Button component="a" {...props} />
}

export const LinkButton = createLink(AnchorButton)

function RowAnchor(props: AnchorProps & Omit<ComponentPropsWithRef<'a'>, keyof AnchorProps>) {
  return <Anchor inherit fw={600} className="name" {...props} />
}

export const RowLink = createLink(RowAnchor)
