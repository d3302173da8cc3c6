// bootstrap.sh as an instance runs it: a real shell and a real curl against the real service and the
// emulated metadata service, each behind a port; what the service answers can be tampered with.

import { serve } from '@hono/node-server'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { type EmulatorServer, startEmulator } from '../../src/cli/emulator-server.ts'
import { createApp } from '../../src/http/app.ts'
import type { AuditEvent } from '../../src/http/audit.ts'
import { bootstrapScript } from '../../src/http/bootstrap-script.ts'
import { createEnroller } from '../../src/enroll/enroller.ts'
import { parseTrustAnchors } from '../../src/index.ts'
import type { MetadataEmulatorOptions } from '../../src/emulator/index.ts'
import { parsePolicy } from '../../src/policy/policy.ts'
import { ROLE, setScene } from './enrollment.ts'
import { reservePort } from './ports.ts'
import { cleanEnvironment } from './processes.ts'

/** What a test does to a request on its way; `undefined` lets it pass. */
export type Intercept = (
  request: Request,
  pass: (request: Request) => Promise<Response>,
) => Promise<Response | undefined> | Response | undefined

/** Everything that an instance talks to. */
export interface BootstrapScene {
  /** The service's URL and issuer. */
  readonly url: string
  readonly metadata: EmulatorServer
  readonly events: AuditEvent[]
  /** Each request that the service got: method and path, and the body. */
  readonly requests: { readonly path: string; readonly body: string }[]
  intercept: Intercept
  close(): Promise<void>
}

const listen = async (
  fetch: (request: Request) => Promise<Response>,
  port: number,
): Promise<() => Promise<void>> => {
  const options = { fetch, port, hostname: '127.0.0.1', overrideGlobalObjects: false }
  const server = serve(options) as Server
  if (!server.listening) await once(server, 'listening')
  return async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

/** Starts a service that admits the emulator's instance. */
export const setBootstrapScene = async ({
  emulator = {},
  challengeLifetimeSeconds = 120,
}: {
  emulator?: MetadataEmulatorOptions
  challengeLifetimeSeconds?: number
} = {}): Promise<BootstrapScene> => {
  const metadata = await startEmulator(emulator)
  const port = await reservePort()
  const url = `http://127.0.0.1:${port}`
  const account = metadata.emulator.instances[0]?.ownerAccountId
  const { options } = await setScene({
    issuer: url,
    challengeLifetimeSeconds,
    trustAnchors: await parseTrustAnchors(metadata.emulator.certificatePem),
    policy: parsePolicy({
      roles: {
        [ROLE]: {
          match: { owner_account_id: [account] },
          token: { audience: ['https://cluster.example'] },
          reenrollment: 'always',
        },
      },
    }),
  })
  const events: AuditEvent[] = []
  const enroller = await createEnroller(options)
  const app = createApp({ enroller, audit: (event) => void events.push(event) })
  const scene: { intercept: Intercept } = { intercept: () => undefined }
  const requests: { path: string; body: string }[] = []
  const pass = async (request: Request): Promise<Response> => app.fetch(request)
  const close = await listen(async (request) => {
    const { pathname } = new URL(request.url)
    requests.push({ path: `${request.method} ${pathname}`, body: await request.clone().text() })
    return (await scene.intercept(request, pass)) ?? pass(request)
  }, port)
  return Object.assign(scene, {
    url,
    metadata,
    events,
    requests,
    close: async () => {
      await close()
      await metadata.close()
    },
  })
}

/** How a run of the script ended. */
export interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

const LIMIT_MS = 50_000

/** Runs a script text in a shell, as `curl ... | sh` does: from standard input. */
export const runScript = async (
  shell: readonly [string, ...string[]],
  script: string,
  env: Record<string, string>,
): Promise<Run> => {
  const [command, ...args] = shell
  const child = spawn(command, args, { env: cleanEnvironment(env), timeout: LIMIT_MS })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => undefined).end(script)
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, stdout, stderr }
}

/** Runs the script of a scene in `sh`. */
export const enrollIn = (
  scene: BootstrapScene,
  env: Record<string, string> = {},
  shell: readonly [string, ...string[]] = ['sh'],
): Promise<Run> =>
  runScript(shell, bootstrapScript({ issuer: scene.url, role: ROLE }), {
    ROLLCALL_METADATA_URL: scene.metadata.url,
    ...env,
  })
