// A file of an operation, saved on the device. It is asked for with the token in a header, which no link could send.
import type { Operation } from '#platform/contract/operation.ts'
import { askForFile } from './file.ts'

/** @throws Problem */
export async function download(
  operation: Operation,
  params: Readonly<Record<string, string>>,
  fallback_name: string,
  query: Readonly<Record<string, string>> = {},
): Promise<void> {
  const path = Object.entries(params).reduce<string>(
    (text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(value)),
    operation.path,
  )
  const search = new URLSearchParams(query).toString()
  const answer = await askForFile(search ? `${path}?${search}` : path)
  save(await answer.blob(), nameIn(answer.headers.get('content-disposition')) ?? fallback_name)
}

/** RFC 6266, as far as the server writes it. */
export function nameIn(disposition: string | null): string | undefined {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition ?? '')?.[1]
  return encoded ? decodeURIComponent(encoded) : /filename="([^"]+)"/i.exec(disposition ?? '')?.[1]
}

function save(file: Blob, name: string) {
  const address = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // What is being saved must not be taken away under the browser.
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
