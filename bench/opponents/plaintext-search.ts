// What a hospital that does not encrypt would do: a table of names in plain text, a trigram index, one statement, the same
// web server and driver, in both of pg_trgm's ways at its own thresholds. Similarity finds more (100,000 people, one typo, whole
// and half first names: somebody right for 97 % of questions against 65 %), word similarity is faster. Run in a process of its own.
import Fastify from 'fastify'
import { Pool } from 'pg'

const [port, database_url] = process.argv.slice(2)
if (!port || !database_url) throw new Error('usage: plaintext-search.ts <port> <database url>')

const pool = new Pool({ connectionString: database_url, max: 10 })
const app = Fastify()

const statements = {
  similarity: `select id, name, date_of_birth::text, similarity($1, name) as likeness
               from people where name % $1 order by likeness desc, id limit 20`,
  words: `select id, name, date_of_birth::text, word_similarity($1, name) as likeness
          from people where $1 <% name order by likeness desc, id limit 20`,
}

for (const [name, text] of Object.entries(statements))
  app.get<{ Querystring: { q: string } }>(`/search/${name}`, async (request) => {
    const { rows } = await pool.query({ name, text, values: [request.query.q.toLowerCase()] })
    return { items: rows }
  })

app.get('/health', () => ({ status: 'ok' }))

await app.listen({ port: Number(port), host: '127.0.0.1' })
