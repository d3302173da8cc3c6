// A service behind Node's HTTP server. On SIGTERM and SIGINT, and when audit events can't be written, it
// stops: what was begun is finished and answered with `Connection: close`; nothing else is begun, and
// every other connection is closed without a byte of an answer.

import { serve } from '@hono/node-server'
import type { Server, ServerOptions, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import process from 'node:process'
import { AUDIT_FAILED_STATUS } from './audit-writer.ts'
import { listenFailure, listenSuccess } from './listening.ts'
import type { ServedService } from './served-service.ts'

/** Longer than a request may take; less than Kubernetes waits. */
const STOP_SECONDS = 25

/**
 * Load balancers reuse a connection that was idle for up to 60 seconds. Node's 5 seconds would close it in the
 * very moment in which they send the next request. In milliseconds; Node wants `headersTimeout` above.
 */
const POOLED = { keepAliveTimeout: 80_000, headersTimeout: 85_000 } as const

/** How a service is served. */
export interface ServeOptions {
  /** Options of Node's server. Default: idle connections stay open for 80 seconds. */
  readonly serverOptions?: ServerOptions
  /** Called once the service takes requests. */
  readonly onListening?: () => void
}

/**
 * Serves it until a signal comes, and ends the process: with status 0, 1 if what was begun takes more than 25
 * seconds, 2 if it can't listen, 3 if audit events can't be written.
 */
export const serveNode = (
  service: ServedService,
  { serverOptions = POOLED, onListening }: ServeOptions = {},
): void => {
  const { config, failed } = service
  const { host, port, issuer } = config
  const say = (line: string): void => service.report(line)
  const sockets = new Set<Socket>()
  const answering = new Set<ServerResponse>()
  let stopping = false
  let status = 0

  const fetch = (request: Request, source: object): Response | Promise<Response> =>
    stopping ? service.unavailable(request) : service.fetch(request, source)
  // From here on the process's `Response` is the adapter's: one whose status, headers and body are kept as they were
  // given, so that the answer is written in one piece. The platform's would be read back as a stream.
  const options = { fetch, hostname: host, port, serverOptions, overrideGlobalObjects: true }
  const server = serve(options, (opened) => {
    say(listenSuccess({ host, port: opened.port }, issuer))
    onListening?.()
  }) as Server
  server.on('error', (error) => {
    say(listenFailure(error, config))
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

  const stop = (reason: number): void => {
    status ||= reason
    if (stopping) return // Ctrl-C under npm comes twice.
    stopping = true
    say('stopping: finishing the requests in progress')
    server.close(() => process.exit(status))
    for (const response of answering) response.shouldKeepAlive = false
    // Node's own notion of an idle connection leaves out those that have not sent anything yet.
    const busy = new Set([...answering].map(({ req }) => req.socket))
    for (const socket of sockets) if (!busy.has(socket)) socket.destroy()
    setTimeout(() => process.exit(status || 1), STOP_SECONDS * 1000).unref()
  }
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => stop(0))
  void failed.then(() => stop(AUDIT_FAILED_STATUS))
}
