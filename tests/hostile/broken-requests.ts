// Bytes that two programs might read as different requests (TR-06): each is one, broken, with or without another hidden in it.

export type Target = { path: string; token: string; body: string }

/** What is hidden in others: with it answered, a request was smuggled. */
const smuggled = 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n'

export function postOf({ path, token, body }: Target, headers: string, sent = body): string {
  return `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n${headers}\r\n${sent}`
}

export const brokenRequests: Record<string, (target: Target) => string> = {
  'a length and chunks': (target) =>
    postOf(target, `content-length: ${target.body.length}\r\ntransfer-encoding: chunked\r\n`, `0\r\n\r\n${smuggled}`),
  'chunks and a length': (target) =>
    postOf(target, `transfer-encoding: chunked\r\ncontent-length: 4\r\n`, `5c\r\n${smuggled}0\r\n\r\n`),
  'two lengths': (target) => postOf(target, `content-length: ${target.body.length}\r\ncontent-length: 0\r\n`),
  'two equal lengths': (target) =>
    postOf(target, `content-length: ${target.body.length}\r\ncontent-length: ${target.body.length}\r\n`),
  'a list of lengths': (target) => postOf(target, `content-length: ${target.body.length}, 0\r\n`),
  'a signed length': (target) => postOf(target, `content-length: +${target.body.length}\r\n`),
  'a folded header': (target) => postOf(target, `content-length: ${target.body.length}\r\nx-folded: a\r\n b\r\n`),
  'an unknown transfer encoding': (target) => postOf(target, 'transfer-encoding: xchunked\r\n', `0\r\n\r\n${smuggled}`),
  'chunked and then another': (target) =>
    postOf(target, 'transfer-encoding: chunked, identity\r\n', `0\r\n\r\n${smuggled}`),
  'a space before the colon': (target) => postOf(target, `content-length : ${target.body.length}\r\n`),
  'a bare carriage return': (target) => postOf(target, `content-length: ${target.body.length}\r\nx: a\rb\r\n`),
  'a NUL in a header': (target) => postOf(target, `content-length: ${target.body.length}\r\nx: a\0b\r\n`),
  'a chunk size that is none': (target) =>
    postOf(target, 'transfer-encoding: chunked\r\n', `zz\r\n${target.body}\r\n0\r\n\r\n`),
  'no host': () => `GET /health HTTP/1.1\r\n\r\n`,
  'an unknown method': () => `BREW /health HTTP/1.1\r\nhost: x\r\n\r\n`,
  'a header of 20 KiB': () => `GET /health HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
  'another protocol': () => `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n`,
  'an unknown version': () => `GET /health HTTP/9.9\r\nhost: x\r\n\r\n`,
}
