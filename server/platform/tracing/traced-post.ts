// A POST to an address of somebody else is a span with its status. Its address is not told, and no trace goes along.
import type { PostOutcome } from '#platform/outbound/post.ts'
import type { TraceSpan } from './tracing.ts'

export async function withinPost(span: TraceSpan | undefined, post: () => Promise<PostOutcome>): Promise<PostOutcome> {
  const outcome = await post()
  const { status, failure = status !== undefined && status >= 400 ? String(status) : undefined } = outcome
  span?.end({ failure, attributes: status === undefined ? {} : { 'http.response.status_code': status } })
  return outcome
}
