// The lines of a body as they come. A watch of Kubernetes is such a body, and may last for hours.

/** A CertificateSigningRequest has some kilobytes; etcd stores 1.5 MiB at most. */
const MAX_LINE_CHARACTERS = 4_194_304

/**
 * Reads lines.
 * @returns the complete lines of each piece; an end without a newline is dropped, as it was cut off
 * @throws RangeError if a line is longer than 4 MiB
 */
export async function* readLines(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<readonly string[], void, undefined> {
  const reader = body?.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      const lines = (rest + decoder.decode(part.value, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > MAX_LINE_CHARACTERS) throw new RangeError('a line of more than 4 MiB')
      const complete = lines.filter((line) => line !== '')
      if (complete.length > 0) yield complete
    }
  } finally {
    void reader?.cancel().catch(() => undefined)
  }
}
