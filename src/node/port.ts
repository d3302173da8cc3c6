// Whether a port of this machine is free.

import { once } from 'node:events'
import { createServer } from 'node:net'

/** `localhost` may be either of them; a machine without IPv6 has only the first. */
const ADDRESSES = ['127.0.0.1', '::1']

/** Whether something listens on a port of this machine. */
export const isTaken = async (port: number): Promise<boolean> => {
  for (const host of ADDRESSES) {
    const server = createServer()
    try {
      server.listen({ host, port, exclusive: true })
      await once(server, 'listening')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return true
    } finally {
      server.close()
    }
  }
  return false
}
