// A real proxy on loopback: it opens tunnels by CONNECT, and alone knows where some names lead.

import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import { startListening } from './listening.ts'
import type { ServerCertificate } from './tls-certificates.ts'

/** How a proxy behaves. */
export interface ProxyOptions {
  /** The ports of this machine that names lead to, each `HOST:PORT`. */
  readonly targets?: Readonly<Record<string, number>>
  /** `USER:PASSWORD`, without which it answers 407. */
  readonly login?: string
  /** Its answer to every CONNECT. */
  readonly status?: number
  /** Ends each connection without an answer. */
  readonly hangsUp?: true
  /** Speaks TLS. */
  readonly certificate?: ServerCertificate
}

/** A running proxy. */
export interface RunningProxy {
  readonly port: number
  /** Targets of CONNECT, `HOST:PORT`. */
  readonly tunnels: readonly string[]
  /** URLs that it was asked for without a tunnel. */
  readonly plain: readonly string[]
  close(): Promise<void>
}

/** Starts a proxy. */
export const startProxy = async (options: ProxyOptions = {}): Promise<RunningProxy> => {
  const { targets = {}, login, status, hangsUp, certificate } = options
  const tunnels: string[] = []
  const plain: string[] = []
  const server = certificate === undefined ? createServer() : createTlsServer(certificate)
  server.on('request', (request, response) => {
    plain.push(String(request.url))
    response.writeHead(502).end()
  })
  server.on('connect', (request: IncomingMessage, client: Duplex) => {
    const target = String(request.url)
    tunnels.push(target)
    client.on('error', () => undefined)
    const refuse = (code: number): void =>
      void client.end(
        `HTTP/1.1 ${code} Refused\r\nProxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\n\r\n`,
      )
    if (hangsUp) return void client.destroy()
    if (status !== undefined) return refuse(status)
    const given = String(request.headers['proxy-authorization']).replace(/^Basic /, '')
    if (login !== undefined && Buffer.from(given, 'base64').toString() !== login) return refuse(407)
    const port = targets[target]
    if (port === undefined) return refuse(502)
    const service = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      service.pipe(client).pipe(service)
    })
    service.on('error', () => client.destroy())
    client.on('close', () => service.destroy())
  })
  return { ...(await startListening(server)), tunnels, plain }
}
