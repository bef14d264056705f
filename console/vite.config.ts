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
        // What two pages share is one file with what else is shared: a page then is three requests, not thirty.
        codeSplitting: { groups: [{ name: 'shared', minShareCount: 2 }] },
      },
    },
  },
  // `npm run dev:console` beside a running server.
  server: { port: 5173, proxy: { '/api': 'http://127.0.0.1:8000' } },
})
