// How the console is built. JSX is compiled by Vite itself; splitting follows the imports of console/routes.tsx.
import { join } from 'node:path'
import { defineConfig } from 'vite'

// oxlint-disable-next-line import/no-default-export -- Vite takes its configuration from the default export.
export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  cacheDir: join(import.meta.dirname, '../node_modules/.cache/vite'),
  build: {
    emptyOutDir: true,
    // Nothing inline: the policy of the page forbids it for scripts, and what is inlined cannot be cached.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // Three files that pages share: what the first load brings, what signing in takes, and the rest, which comes with the first
        // page after it. A page then is a few requests, not thirty, and no first load grows with the pages of others.
        codeSplitting: {
          groups: [
            { name: 'first', tags: ['$initial'], priority: 3 },
            { name: 'sign-in', test: /console\/(sign-in|account)\//, priority: 2, minShareCount: 2 },
            { name: 'shared', minShareCount: 2, priority: 1 },
          ],
        },
      },
    },
  },
  // `npx vite console` beside a running server.
  server: { port: 5173, proxy: { '/api': 'http://127.0.0.1:8000' } },
})
