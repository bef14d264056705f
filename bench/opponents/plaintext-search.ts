// What a hospital that does not encrypt would do: a table of names in plain text, a trigram index, one statement, the same
// web server and driver. `%` at its own threshold, because it finds the right person far more often than word similarity does
// (100,000 people, one typo, whole and half first names: 97 % against 65 %). Run in a process of its own.
import Fastify from 'fastify'
import { Pool } from 'pg'

const [port, database_url] = process.argv.slice(2)
if (!port || !database_url) throw new Error('usage: plaintext-search.ts <port> <database url>')

const pool = new Pool({ connectionString: database_url, max: 10 })
const app = Fastify()

app.get<{ Querystring: { q: string } }>('/search', async (request) => {
  const { rows } = await pool.query({
    name: 'search_people',
    text: `select id, name, date_of_birth::text, similarity($1, name) as likeness
           from people where name % $1 order by likeness desc, id limit 20`,
    values: [request.query.q.toLowerCase()],
  })
  return { items: rows }
})

app.get('/health', () => ({ status: 'ok' }))

await app.listen({ port: Number(port), host: '127.0.0.1' })
