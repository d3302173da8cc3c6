// The service on Deno: README.md has the command. By default the ledger is the Deno KV of this program.
// On SIGTERM and SIGINT it stops: what was begun is finished, every other connection is closed without
// a byte of an answer.

import { ledgerReader } from '../src/ledger/configured.ts'
import { sayListening } from '../src/node/listening.ts'
import { say } from '../src/service.ts'
import { openService } from './open-service.ts'

/** Longer than a request may take, so that none in flight is cut off. */
const STOP_MS = 25_000

/** What is used of the platform, as a shape: the compiler knows the types of Node only. */
interface Platform {
  readonly env: { toObject(): Record<string, string> }
  serve(
    options: { hostname: string; port: number; onListen(address: { port: number }): void },
    handler: (request: Request) => Response | Promise<Response>,
  ): { shutdown(): Promise<void> }
  addSignalListener(signal: 'SIGTERM' | 'SIGINT', listener: () => void): void
  exit(status: number): never
}

const { Deno: platform } = globalThis as unknown as { readonly Deno: Platform }
const readLedger = ledgerReader(['deno-kv', 'sqlite', 'redis', 'memory'])
const defaultLedger = { kind: 'deno-kv' } as const
const { config, fetch } = await openService(platform.env.toObject(), { readLedger, defaultLedger })
const { host: hostname, port } = config

const serve = (): ReturnType<Platform['serve']> => {
  const onListen = (address: { port: number }): void => sayListening(config, address.port)
  try {
    return platform.serve({ hostname, port, onListen }, (request) => fetch(request))
  } catch (error) {
    const { name, message } = error as Error
    const taken = name === 'AddrInUse'
    say(taken ? `port ${port} is taken; set PORT to another` : `cannot listen: ${message}`)
    return platform.exit(2)
  }
}
const server = serve()

let stopping = false
const stop = async (): Promise<void> => {
  if (stopping) return
  stopping = true
  say('stopping: finishing what was begun')
  setTimeout(() => platform.exit(1), STOP_MS)
  await server.shutdown()
  platform.exit(0)
}
platform.addSignalListener('SIGTERM', () => void stop())
platform.addSignalListener('SIGINT', () => void stop())
