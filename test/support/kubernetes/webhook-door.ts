// A service behind TLS, and the kubeconfig by which an API server asks it: the sample's, with address and token replaced.

import { once } from 'node:events'
import { type Server, createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { type Reviewing, WEBHOOK_TOKEN } from '../reviewing.ts'
import { readProjectFile } from '../sources.ts'
import type { TestCa } from '../tls-certificates.ts'

const SAMPLE = readProjectFile('functions/kubernetes/webhook-kubeconfig.yaml')

/** See {@link openWebhookDoor}. */
export interface WebhookDoor {
  /** The text of a kubeconfig. @param token default: the right one */
  kubeconfig(token?: string): string
  close(): void
}

/** Serves a service at `https://localhost:PORT`. */
export const openWebhookDoor = async (
  { service }: Pick<Reviewing, 'service'>,
  ca: TestCa,
): Promise<WebhookDoor> => {
  const server = createAdaptorServer({
    fetch: service.fetch,
    overrideGlobalObjects: false,
    createServer,
    serverOptions: ca.certificateFor('localhost'),
  }) as Server
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    kubeconfig: (token = WEBHOOK_TOKEN) =>
      SAMPLE.replace('https://rollcall.example', `https://localhost:${port}`)
        .replace('server:', `certificate-authority: ${ca.file}\n      server:`)
        .replace('token: WEBHOOK_TOKEN', `token: ${token}`),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
