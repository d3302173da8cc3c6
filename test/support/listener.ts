// The app behind a real socket, for what only the transport can show, and a client that writes its
// requests byte by byte.

import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Service } from '../../src/service.ts'

/** A listening server. */
export interface Listener {
  readonly port: number
  readonly url: string
  /** Ends it, and every connection. */
  close(): Promise<void>
}

/** Listens with a service, as the entry for Node does. */
export const listen = async ({ fetch }: Pick<Service, 'fetch'>): Promise<Listener> => {
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false }) as Server
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async close() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/**
 * Sends a request as it stands and reads the answer, whether or not the request is complete.
 * @param more is sent after the head, a part a turn, for as long as the other side listens
 */
export const exchange = async (
  port: number,
  head: readonly string[],
  more: Iterable<string> = [],
): Promise<Response> => {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  const answered = new Promise<void>((resolve) => {
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text
      if (isComplete(answer)) resolve()
    })
    socket.on('error', () => resolve()).on('close', () => resolve())
  })
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  for (const part of more) {
    if (socket.destroyed || answer.includes('\r\n\r\n')) break
    socket.write(part)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await answered
  socket.destroy()
  const [top = '', body = ''] = answer.split('\r\n\r\n')
  const [status = '', ...lines] = top.split('\r\n')
  const headers = lines.map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string])
  return new Response(body, { status: Number(status.split(' ')[1]), headers })
}

const isComplete = (answer: string): boolean => {
  const [top, body] = answer.split('\r\n\r\n')
  const length = /\r\ncontent-length: ([0-9]+)/i.exec(top ?? '')?.[1]
  return body !== undefined && length !== undefined && Buffer.byteLength(body) >= Number(length)
}
