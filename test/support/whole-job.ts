// A consumer's program that does the whole job with the installed package: it verifies, serves, emulates and
// enrolls, with a Hono app of its own. It is TypeScript, needs no permission, and is the same on every runtime.

/** The program. */
export const WHOLE_JOB = `\
import { Hono } from 'hono'
import {
  createEnroller,
  parsePolicy,
  parseSigningKeys,
  parseTrustAnchors,
  verifyInstanceIdentity,
} from 'rollcall'
import { createDpopKey, enrollInstance, parsePrivateKey } from 'rollcall/client'
import { createMetadataEmulator } from 'rollcall/emulator'
import { createApp } from 'rollcall/http'
import { createMemoryLedger } from 'rollcall/ledger/memory'
import { createMetadataClient } from 'rollcall/metadata'
import { createService, parseConfig } from 'rollcall/service'

const generateKey = async (): Promise<string> => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', privateKey)
  return JSON.stringify({ keys: [{ kty, crv, x, y, d, alg: 'ES256' }] })
}

const issuer = 'http://localhost:8787'
const emulator = await createMetadataEmulator()
const metadata = createMetadataClient({ fetch: emulator.fetch })
const trustAnchors = await parseTrustAnchors(emulator.certificatePem)
const evidence = await metadata.evidence({ audience: 'nonce' })
const identity = await verifyInstanceIdentity(evidence, { audience: 'nonce', trustAnchors })
console.log('verified', identity.instanceId === emulator.instances[0]?.instanceId)
await verifyInstanceIdentity(evidence, { audience: 'other', trustAnchors }).catch((error: unknown) =>
  console.log('refused', (error as { code: string }).code),
)

const policy = {
  roles: {
    worker: {
      match: { owner_account_id: [identity.ownerAccountId] },
      token: { audience: ['https://cluster.example'] },
      reenrollment: 'same_key',
      binding: 'dpop',
    },
  },
}
const keys = await generateKey()
const config = await parseConfig({
  ROLLCALL_ISSUER: issuer,
  ROLLCALL_SIGNING_KEYS: keys,
  ROLLCALL_TRUST_ANCHORS: emulator.certificatePem,
  ROLLCALL_POLICY: JSON.stringify(policy),
})
const audit = (): void => {}
const service = await createService({ config, ledger: createMemoryLedger(0), audit })
const enroller = await createEnroller({
  issuer,
  policy: parsePolicy(policy),
  signingKeys: await parseSigningKeys(keys),
  ledger: createMemoryLedger(0),
  trustAnchors,
  allowSha1: true,
  challengeLifetimeSeconds: 120,
})
const app = new Hono().route('/', createApp({ enroller, audit }))

const dpopKey = createDpopKey(await parsePrivateKey(await generateKey()))
const calls: readonly (readonly [path: string, init?: RequestInit])[] = [
  ['/healthz'],
  ['/openapi.json'],
  ['/.well-known/jwks.json'],
  ['/bootstrap.sh?role=worker'],
  ['/nothing'],
  ['/v1/enroll', { method: 'PUT' }],
  ['/v1/challenge', { method: 'POST', body: 'x'.repeat(20_000) }],
]
const served = { service: service.fetch, app: app.fetch }
for (const [name, serve] of Object.entries(served)) {
  const fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> =>
    serve(new Request(url, init))
  const enrolled = await enrollInstance({ issuer, role: 'worker', fetch, metadata, dpopKey })
  console.log(name, enrolled.role, enrolled.tokenType)
  const statuses: number[] = []
  for (const [path, init] of calls) {
    const response = await fetch(issuer + path, init)
    await response.text()
    statuses.push(response.status)
  }
  console.log(name, ...statuses)
}
`

/** What it prints. */
export const WHOLE_JOB_OUTPUT = `\
verified true
refused audience_mismatch
service worker DPoP
service 200 200 200 200 404 405 413
app worker DPoP
app 200 200 200 200 404 405 413
`
