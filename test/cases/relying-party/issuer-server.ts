// The real service behind a socket, as the issuer of relying parties in other processes. It is in the test's own
// process, so that a test can ban an instance, and make the service slow.

import { createAdaptorServer } from '@hono/node-server'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { type BadTokenSource } from '../../support/bad-tokens.ts'
import { reservePort } from '../../support/ports.ts'
import { POLICY, type TestService, createTestService } from '../../support/test-service.ts'

/** The audience of exchanged tokens alone. */
export const EXCHANGE_AUDIENCE = 'https://exchange.example'

/** The role whose bound tokens can be exchanged. */
export const BOUND_ROLE = 'node'

const policyOf = (issuer: string): object => ({
  roles: {
    ...POLICY.roles,
    [BOUND_ROLE]: {
      match: POLICY.roles.worker.match,
      token: { audience: [issuer] },
      reenrollment: 'always',
      binding: 'dpop',
      exchange: [{ audience: EXCHANGE_AUDIENCE, binding: 'none' }],
    },
  },
})

/** An issuer that listens. */
export interface IssuerServer {
  /** Its `ROLLCALL_ISSUER`. */
  readonly issuer: string
  readonly service: TestService
  /** How long it takes to answer over the socket. */
  delaySeconds: number
  /** Enrolls an instance. @returns its token */
  enroll(fields?: Readonly<Record<string, string>>): Promise<string>
  /** What variants of a token are made from. */
  source(): Promise<BadTokenSource>
  close(): void
}

/** Starts one. */
export const startIssuerServer = async (): Promise<IssuerServer> => {
  const port = await reservePort()
  const issuer = `http://127.0.0.1:${port}`
  const service = await createTestService({
    operators: true,
    variables: {
      ROLLCALL_ISSUER: issuer,
      ROLLCALL_POLICY: JSON.stringify(policyOf(issuer)),
    },
  })
  const fetch = async (request: Request): Promise<Response> => {
    await setTimeout(started.delaySeconds * 1000)
    return service.fetch(request)
  }
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false }) as Server
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const started: IssuerServer = {
    issuer,
    service,
    delaySeconds: 0,
    async enroll(fields = {}) {
      const response = await service.post('/v1/enroll', await service.evidence({ fields }))
      return ((await response.json()) as { access_token: string }).access_token
    },
    source: async () => ({ goodToken: await started.enroll(), privateKeys: service.privateKeys }),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
  return started
}
