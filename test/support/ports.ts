// Ports for programs that need one as an argument, since they cannot listen on port 0 and say which they got.

import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

/** Below the ports that systems give to outgoing connections and to port 0, and above the well-known ones. */
const FIRST = 20_000
const COUNT = 10_000

/**
 * Takes the UDP port of the same number, which nothing here uses otherwise: a lock that all processes of this
 * machine share, and that the system releases when the process ends, however it ends.
 */
const lock = async (port: number): Promise<boolean> => {
  const socket = createSocket('udp4')
  try {
    socket.bind({ port, address: '127.0.0.1', exclusive: true })
    await once(socket, 'listening')
    socket.unref()
    return true
  } catch {
    socket.close()
    return false
  }
}

const isFree = async (port: number, host: string): Promise<boolean> => {
  const server = createServer()
  try {
    server.listen({ port, host, exclusive: true })
    await once(server, 'listening')
    return true
  } catch (error) {
    // A machine without IPv6 has no such address to be taken.
    return ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes((error as NodeJS.ErrnoException).code ?? '')
  } finally {
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
}

/**
 * Takes a port that nothing listens on, for as long as this process runs: no other test gets it, and no
 * connection that goes out. A program can be started on it, stopped and started again.
 */
export const reservePort = async (): Promise<number> => {
  const offset = Math.floor(Math.random() * COUNT)
  for (let step = 0; step < COUNT; step++) {
    const port = FIRST + ((offset + step) % COUNT)
    if ((await lock(port)) && (await isFree(port, '127.0.0.1')) && (await isFree(port, '::'))) {
      return port
    }
  }
  throw new Error(`no port is free between ${FIRST} and ${FIRST + COUNT - 1}`)
}
