// A service behind Node's HTTP server. On SIGTERM and SIGINT it stops: what was begun is finished and
// answered with `Connection: close`; nothing else is begun, and every other connection is closed
// without a byte of an answer.

import { serve } from '@hono/node-server'
import type { Server, ServerOptions, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import process from 'node:process'
import type { Config } from '../config.ts'
import { unavailable } from '../http/unavailable.ts'
import { type Service, say } from '../service.ts'
import { sayListening } from './listening.ts'

/** Longer than a request may take; less than Kubernetes waits. */
const STOP_SECONDS = 25

/** A service, and where it listens. */
export interface ServedService extends Service {
  readonly config: Pick<Config, 'host' | 'port' | 'issuer'>
}

/** @param serverOptions of Node's server */
export const serveNode = (
  { config, fetch: answer }: ServedService,
  serverOptions: ServerOptions = {},
): void => {
  const { host: hostname, port, issuer } = config
  const sockets = new Set<Socket>()
  const answering = new Set<ServerResponse>()
  let stopping = false

  const fetch: Service['fetch'] = async (request, source) =>
    stopping ? unavailable(request, issuer) : answer(request, source)
  // The platform's own Request and Response, as in every other runtime, not the adapter's stand-ins.
  const options = { fetch, hostname, port, serverOptions, overrideGlobalObjects: false }
  const server = serve(options, (address) => sayListening(config, address.port)) as Server
  server.on('error', (error: NodeJS.ErrnoException) => {
    const taken = error.code === 'EADDRINUSE'
    say(taken ? `port ${port} is taken; set PORT to another` : `cannot listen: ${error.message}`)
    process.exit(2)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.prependListener('request', ({ socket }, response) => {
    answering.add(response)
    if (stopping) response.shouldKeepAlive = false
    response.once('close', () => {
      answering.delete(response)
      if (stopping) socket.destroySoon()
    })
  })

  const stop = (): void => {
    if (stopping) return // Ctrl-C under npm comes twice.
    stopping = true
    say('stopping: finishing what was begun')
    server.close(() => process.exit(0))
    for (const response of answering) response.shouldKeepAlive = false
    // Node's own notion of an idle connection leaves out those that have not sent anything yet.
    const busy = new Set([...answering].map(({ req }) => req.socket))
    for (const socket of sockets) if (!busy.has(socket)) socket.destroy()
    setTimeout(() => process.exit(1), STOP_SECONDS * 1000).unref()
  }
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop)
}
