// The relying party on Deno.

import { createHost, type HostVariables } from './host.ts'

interface DenoGlobal {
  readonly env: { toObject(): Record<string, string> }
  serve(
    options: { port: number; hostname: string; onListen: () => void },
    handler: (request: Request) => Promise<Response>,
  ): unknown
}
const { Deno } = globalThis as unknown as { Deno: DenoGlobal }

const variables = Deno.env.toObject()
const onListen = (): void => console.error('listening on Deno')
Deno.serve(
  { port: Number(variables['PORT']), hostname: '127.0.0.1', onListen },
  createHost(variables as unknown as HostVariables),
)
