// TLS in front of a service that speaks plain HTTP: API servers take tokens of https issuers only.

import { type Socket, connect } from 'node:net'
import { createServer } from 'node:tls'
import { startListening } from '../listening.ts'
import { createAuthority } from './authority.ts'

/** What stands before a service. */
export interface TlsFront {
  /** `https://localhost:PORT`. */
  readonly url: string
  /** The certificate of its CA, PEM. */
  readonly ca: string
  /** Passes connections on to a port of this machine from now on. */
  passTo(port: number): void
  close(): Promise<void>
}

/** Starts it. Until {@link TlsFront.passTo} it ends each connection. */
export const startTlsFront = async (): Promise<TlsFront> => {
  const authority = await createAuthority('rollcall test')
  const certificate = await authority.issue(
    [{ CN: ['localhost'] }],
    ['digital signature', 'server auth'],
    [{ type: 'dns', value: 'localhost' }],
  )
  let target: number | undefined
  const server = createServer(certificate, (socket) => {
    if (target === undefined) return void socket.destroy()
    const behind: Socket = connect(target, '127.0.0.1')
    socket.on('error', () => behind.destroy()).on('close', () => behind.destroy())
    behind.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.pipe(behind).pipe(socket)
  })
  const { port, close } = await startListening(server)
  return {
    url: `https://localhost:${port}`,
    ca: authority.cert,
    passTo: (it) => void (target = it),
    close,
  }
}
