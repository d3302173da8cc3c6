// A service behind Deno's HTTP server. On SIGTERM and SIGINT, and when audit events can't be written, it
// stops: what was begun is finished, every other connection is closed without a byte of an answer.

import { AUDIT_FAILED_STATUS, type AuditWriter, createAuditWriter } from './audit-writer.ts'
import { listenFailure, listenSuccess } from './listening.ts'
import { NULL_DEVICE_WARNING, isNullDevice } from './null-device.ts'
import type { ServedService } from './served-service.ts'
import { inWholeLines } from './write-all.ts'

/** Longer than a request may take, so that none in flight is cut off. */
const STOP_MS = 25_000

/** What is used of the platform, as a shape: the compiler knows the types of Node only. */
export interface Platform {
  readonly env: { toObject(): Record<string, string> }
  readonly stdout: { write(bytes: Uint8Array): Promise<number> }
  serve(
    options: { hostname: string; port: number; onListen(address: { port: number }): void },
    handler: (request: Request) => Response | Promise<Response>,
  ): { shutdown(): Promise<void> }
  addSignalListener(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP', listener: () => void): void
  exit(status: number): never
}

/**
 * Prepares the process; call it first. SIGHUP is ignored.
 * @param report takes each line for the operator
 * @returns the writer of audit events
 */
export const prepareDeno = (platform: Platform, report: (line: string) => void): AuditWriter => {
  platform.addSignalListener('SIGHUP', () =>
    report('SIGHUP is ignored; restart the service to change its configuration'),
  )
  // Deno opens /dev/null in place of a closed standard output, so this may or may not be the operator's choice.
  if (isNullDevice()) report(NULL_DEVICE_WARNING)
  // It resolves once the system call has returned, and holds nothing up while a reader stalls.
  const write = inWholeLines((bytes) => platform.stdout.write(bytes))
  return createAuditWriter({ write, report })
}

/**
 * Serves it until a signal comes, and ends the process: with status 0, 1 if what was begun takes more than 25
 * seconds, 2 if it can't listen, 3 if audit events can't be written.
 */
export const serveDeno = (platform: Platform, service: ServedService): void => {
  const { config, failed } = service
  const { host, port, issuer } = config
  const say = (line: string): void => service.report(line)
  let stopping = false
  let status = 0
  const fetch = async (request: Request): Promise<Response> =>
    stopping ? service.unavailable(request) : service.fetch(request)

  const listen = (): ReturnType<Platform['serve']> => {
    const onListen = (opened: { port: number }): void =>
      say(listenSuccess({ host, port: opened.port }, issuer))
    try {
      return platform.serve({ hostname: host, port, onListen }, (request) => fetch(request))
    } catch (error) {
      say(listenFailure(error, config))
      return platform.exit(2)
    }
  }
  const server = listen()

  const stop = async (reason: number): Promise<void> => {
    status ||= reason
    if (stopping) return // Ctrl-C comes twice.
    stopping = true
    say('stopping: finishing the requests in progress')
    setTimeout(() => platform.exit(status || 1), STOP_MS)
    await server.shutdown()
    platform.exit(status)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    platform.addSignalListener(signal, () => void stop(0))
  }
  void failed.then(() => stop(AUDIT_FAILED_STATUS))
}
