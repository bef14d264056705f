// The whole of the console: language, look, what is asked of the server, and the page of the address.
import { DirectionProvider, MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { router } from '../routes.tsx'
import { Speaking } from '../words/words.tsx'
import { queries } from './queries.ts'
import { styleNonce } from './style-nonce.ts'
import { cssVariables, schemeManager, theme } from './theme.ts'

export function Console() {
  return (
    <DirectionProvider detectDirection>
      <MantineProvider
        theme={theme}
        defaultColorScheme="auto"
        colorSchemeManager={schemeManager}
        cssVariablesResolver={cssVariables}
        getStyleNonce={() => styleNonce}
      >
        <Speaking>
          <QueryClientProvider client={queries}>
            <RouterProvider router={router} />
          </QueryClientProvider>
        </Speaking>
      </MantineProvider>
    </DirectionProvider>
  )
}
