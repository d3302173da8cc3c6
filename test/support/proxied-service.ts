// A service that only a proxy can reach: its name is not known to DNS, its certificate is of a CA of its own. Beside it a
// metadata service, which must be asked directly.

import { createAdaptorServer } from '@hono/node-server'
import { createServer } from 'node:https'
import type { Server } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { parseSigningKeys } from '../../src/token/signing-keys.ts'
import { listen } from './listener.ts'
import { startListening } from './listening.ts'
import { type ProxyOptions, type RunningProxy, startProxy } from './proxy.ts'
import { toBase64 } from './http.ts'
import {
  DOCUMENT_FIELDS,
  type TestCloud,
  documentText,
  sharedTestCloud,
  withAudience,
} from './test-cloud.ts'
import { POLICY, createTestService } from './test-service.ts'
import { type ServerCertificate, type TestCa, createTestCa } from './tls-certificates.ts'

const HOST = 'rollcall.test'

/** A role beside the usual ones, whose tokens are bound and can be exchanged. */
const KEYED = {
  match: POLICY.roles.worker.match,
  token: { audience: ['https://rollcall.internal'] },
  reenrollment: 'always',
  binding: 'dpop',
  exchange: [{ audience: 'https://app.example', binding: 'none' }],
}

/** A service behind a proxy. */
export interface ProxiedService {
  readonly issuer: string
  /** Where it listens on this machine. */
  readonly port: number
  /** The environment of a client on this machine, without a variable for the proxy. */
  readonly env: Record<string, string>
  /** A file with the private key of an operator. */
  readonly operatorKey: string
  readonly ca: TestCa
  readonly certificate: ServerCertificate
  /** What the metadata service was asked. */
  readonly metadataRequests: readonly string[]
  /** Starts a proxy that knows the service. It ends with the service. */
  proxy(options?: ProxyOptions): Promise<RunningProxy>
  close(): Promise<void>
}

/** What a metadata service answers, as far as an enrollment asks: the emulator signs for services on localhost alone. */
const answerMetadata = (cloud: TestCloud, path: string, audience: string | null): Response => {
  switch (path.replace('/latest/', '')) {
    case 'api/token':
      return new Response('metadata-token')
    case 'meta-data/instance-id':
      return new Response(DOCUMENT_FIELDS['instance-id'])
    case 'dynamic/instance-identity/document':
      return new Response(documentText())
    case 'dynamic/instance-identity/pkcs7':
      return new Response(toBase64(cloud.sign(withAudience(documentText(), audience ?? ''))))
    default:
      return new Response(null, { status: 404 })
  }
}

/** Starts the service. */
export const startProxiedService = async (): Promise<ProxiedService> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-proxied-'))
  const ca = createTestCa(join(folder, 'ca'))
  const certificate = ca.certificateFor(HOST)
  const cloud = await sharedTestCloud()
  const operator = await generateSigningKeys('ES256')
  const operatorKey = join(folder, 'operator.json')
  writeFileSync(operatorKey, JSON.stringify(operator), { mode: 0o600 })
  const { jwks } = await parseSigningKeys(operator)
  const { fetch } = await createTestService({
    variables: {
      ROLLCALL_ISSUER: `https://${HOST}`,
      ROLLCALL_ADMIN_KEYS: JSON.stringify(jwks),
      ROLLCALL_POLICY: JSON.stringify({ roles: { ...POLICY.roles, keyed: KEYED } }),
    },
    clock: () => Math.floor(Date.now() / 1000),
  })
  const service = await startListening(
    createAdaptorServer({
      fetch,
      createServer,
      serverOptions: { ...certificate },
      overrideGlobalObjects: false,
    }) as Server,
  )
  const metadataRequests: string[] = []
  const metadata = await listen({
    fetch: (request) => {
      const { pathname, searchParams } = new URL(request.url)
      metadataRequests.push(pathname)
      return Promise.resolve(answerMetadata(cloud, pathname, searchParams.get('audience')))
    },
  })
  const proxies: RunningProxy[] = []
  return {
    issuer: `https://${HOST}`,
    port: service.port,
    env: {
      ROLLCALL_METADATA_URL: metadata.url,
      ROLLCALL_ROLE: 'worker',
      NODE_EXTRA_CA_CERTS: ca.file,
      DENO_CERT: ca.file,
      CURL_CA_BUNDLE: ca.file,
    },
    operatorKey,
    ca,
    certificate,
    metadataRequests,
    async proxy(options) {
      const proxy = await startProxy({ targets: { [`${HOST}:443`]: service.port }, ...options })
      proxies.push(proxy)
      return proxy
    },
    async close() {
      for (const { close } of [...proxies, service, metadata]) await close()
      rmSync(folder, { recursive: true })
    },
  }
}
