// The parts of the OpenAPI document that the suite looks at.
type Media = {
  schema: Record<string, unknown>
  example?: unknown
  examples?: Record<string, { value: { type: string; status: number; code: string } }>
}
export type DescribedOperation = {
  operationId: string
  summary: string
  tags: string[]
  security: unknown[]
  parameters: { name: string; in: 'path' | 'query' | 'header'; required: boolean; schema: Record<string, unknown> }[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, { description: string; content?: Record<string, Media> }>
}
export type ApiDocument = {
  openapi: string
  info: { title: string; version: string }
  servers: unknown[]
  tags: { name: string }[]
  paths: Record<string, Record<string, DescribedOperation>>
  components: { securitySchemes: Record<string, { scheme: string }> }
}
