// What the suite enrolls: instances of the emulator and documents signed by openssl, and the variables of
// a service that admits them.

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { type EmulatorServer, startEmulator } from '../../../src/cli/emulator-server.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { introspectionFields, makeAssertion } from '../../support/client-assertion.ts'
import { getEvidence, type PostedEvidence } from '../../support/instance.ts'
import { type OpensslCloud, createOpensslCloud } from '../../support/openssl.ts'
import type { ServiceVariables } from '../../support/start-service.ts'
import { DOCUMENT_FIELDS, documentText, withAudience } from '../../support/test-cloud.ts'
import { makeKey } from '../state/independent-jws.ts'

export const CLUSTER = 'https://cluster.example'
const INSTANCES = 40

/** See {@link createTestEnroller}. */
export interface Inputs {
  readonly variables: ServiceVariables
  readonly metadata: EmulatorServer
  readonly folder: string
  /** The URL of the metadata service of an emulated instance that no test has had yet. */
  nextInstance(): string
  /** Evidence of an emulated instance. */
  evidence(metadataUrl: string, audience: string): Promise<PostedEvidence>
  /** Evidence that openssl signed. */
  opensslEvidence(audience: string): Promise<PostedEvidence>
  /** The Authorization header of one operator's call. */
  operator(issuer: string): Promise<string>
  /** The parameters by which the relying party `mesh` asks about a token, once. */
  introspection(issuer: string, token: string): URLSearchParams
  close(): Promise<void>
}

/** The proxy that may ask for {@link BOUND_CLUSTER}, and its secret. */
export const PROXY = { origin: 'https://app.test', secret: 'the secret of app' } as const

/** Where tokens are bound to a key: no audience has both kinds. */
export const BOUND_CLUSTER = 'https://mesh.example'
/** Gets bearer tokens by exchange of the bound ones. */
export const EXCHANGED_FOR = 'https://vault.example'

/** What only the API server of a cluster knows. */
export const WEBHOOK_TOKEN = 'webhook-token-of-the-api-server'

const PROXIES = JSON.stringify([
  {
    name: 'app',
    origin: PROXY.origin,
    secret_sha256: createHash('sha256').update(PROXY.secret).digest('hex'),
    audiences: [BOUND_CLUSTER],
  },
])

const role = (account: readonly (string | undefined)[], more: Record<string, unknown>) => ({
  match: { owner_account_id: [...new Set(account)] },
  token: { audience: [CLUSTER] },
  reenrollment: 'always',
  ...more,
})

/** Makes them. */
export const createTestEnroller = async (): Promise<Inputs> => {
  const metadata = await startEmulator({ instances: INSTANCES, accounts: 2 })
  const { instances, certificatePem } = metadata.emulator
  const openssl: OpensslCloud = await createOpensslCloud()
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-runtime-'))
  const operatorKeys = await generateKeyPair('ES256', { extractable: true })
  const operatorJwk = await exportJWK(operatorKeys.publicKey)
  const kid = await calculateJwkThumbprint(operatorJwk)

  const relyingParty = await makeKey()
  const mesh = { name: 'mesh', audiences: [BOUND_CLUSTER, EXCHANGED_FOR] }

  // Of the emulator's two accounts one is admitted.
  const [first] = instances
  const admitted = instances.filter(
    ({ ownerAccountId }) => ownerAccountId === first?.ownerAccountId,
  )
  const accounts = [first?.ownerAccountId, DOCUMENT_FIELDS['owner-account-id']]
  let taken = 0
  return {
    metadata,
    folder,
    variables: {
      ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
      ROLLCALL_TRUST_ANCHORS: certificatePem + openssl.certificatePem,
      ROLLCALL_ADMIN_KEYS: JSON.stringify({ keys: [operatorJwk] }),
      ROLLCALL_RELYING_PARTY_KEYS: JSON.stringify({ keys: [{ ...relyingParty.jwk, ...mesh }] }),
      ROLLCALL_PROXIES: PROXIES,
      ROLLCALL_KUBERNETES: JSON.stringify({
        audiences: [CLUSTER, EXCHANGED_FOR],
        roles: ['worker', 'bound'],
        accounts: [...new Set(accounts)],
        webhook_token_sha256: [createHash('sha256').update(WEBHOOK_TOKEN).digest('hex')],
      }),
      ROLLCALL_POLICY: JSON.stringify({
        roles: {
          worker: role(accounts, {}),
          once: role(accounts, { reenrollment: 'never' }),
          bound: role(accounts, {
            binding: 'dpop',
            token: { audience: [BOUND_CLUSTER] },
            exchange: [{ audience: EXCHANGED_FOR, binding: 'none' }],
          }),
        },
      }),
    },
    nextInstance() {
      const instance = admitted[taken++]
      if (instance === undefined) throw new Error('no more instances')
      return `${metadata.url}/instances/${instance.instanceId}`
    },
    evidence: getEvidence,
    async opensslEvidence(audience) {
      const document = documentText()
      const der = await openssl.sign(withAudience(document, audience))
      return { document, pkcs7: Buffer.from(der).toString('base64') }
    },
    async operator(issuer) {
      const token = await new SignJWT({ sub: 'operator', jti: crypto.randomUUID() })
        .setProtectedHeader({ alg: 'ES256', typ: 'rollcall-admin+jwt', kid })
        .setAudience(issuer)
        .setIssuedAt()
        .setExpirationTime('60 s')
        .sign(operatorKeys.privateKey)
      return `Bearer ${token}`
    },
    introspection(issuer, token) {
      const about = { name: mesh.name, aud: issuer, now: Math.floor(Date.now() / 1000) }
      const assertion = makeAssertion(relyingParty, about)
      return new URLSearchParams(introspectionFields(token, assertion))
    },
    async close() {
      openssl.close()
      await metadata.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** An account of the emulator that no role names. */
export const strangerOf = ({ metadata }: Pick<Inputs, 'metadata'>): string => {
  const [first, ...others] = metadata.emulator.instances
  const stranger = others.find(({ ownerAccountId }) => ownerAccountId !== first?.ownerAccountId)
  return `${metadata.url}/instances/${stranger?.instanceId}`
}
