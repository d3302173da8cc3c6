// Requests byte for byte over a socket, for what no HTTP client would send.

import { once } from 'node:events'
import { type Socket, connect } from 'node:net'

const LIMIT_MS = 30_000

/** Connects to a service. */
export const connectTo = async (url: string): Promise<Socket> => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  // A test sees a cut answer by its bytes, not by an event.
  socket.on('error', () => undefined)
  return socket
}

/** Writes a request and reads until the other side has closed or has sent a whole answer. */
export const sendRaw = async (
  url: string,
  request: string | Uint8Array,
): Promise<{ readonly status: number; readonly body: string }> => {
  const socket = await connectTo(url)
  let answer = ''
  socket.setEncoding('utf8')
  const ended = new Promise<void>((resolve) => {
    socket.on('data', (text: string) => {
      answer += text
      if (isWhole(answer)) resolve()
    })
    socket.on('close', () => resolve())
    setTimeout(resolve, LIMIT_MS).unref()
  })
  socket.write(request)
  await ended
  socket.destroy()
  const [head = '', ...rest] = answer.split('\r\n\r\n')
  const status = Number(/^HTTP\/1\.1 ([0-9]{3})/.exec(head)?.[1] ?? 0)
  const text = rest.join('\r\n\r\n')
  const chunked = /\r\ntransfer-encoding: chunked/i.test(head)
  return { status, body: chunked ? text.replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n/gi, '') : text }
}

const isWhole = (answer: string): boolean => {
  const [head = '', body] = answer.split(/\r\n\r\n(.*)/s)
  if (body === undefined) return false
  const length = /\r\ncontent-length: ([0-9]+)/i.exec(head)?.[1]
  return length === undefined
    ? body.endsWith('\r\n0\r\n\r\n')
    : Buffer.byteLength(body) >= Number(length)
}

/**
 * A chunked POST to `/v1/challenge` in so many chunks of one byte.
 * @param ends whether the body ends, or goes on without another byte
 */
export const choppedRequest = (chunks: number, ends = true, id = 'chopped'): string =>
  [
    'POST /v1/challenge HTTP/1.1',
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    'Transfer-Encoding: chunked',
    `X-Request-Id: ${id}`,
    '',
    `${'1\r\n \r\n'.repeat(chunks)}${ends ? '2\r\n{}\r\n0\r\n\r\n' : ''}`,
  ].join('\r\n')
