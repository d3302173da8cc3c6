// The service in the test's own process, wired as every entry wires it: an environment and a ledger go in,
// `fetch` comes out. Its clock stands still until a test moves it; what it audits and reports is kept.

import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { parseConfig } from '../../src/config.ts'
import type { AuditEvent } from '../../src/http/audit.ts'
import { ledgerReader } from '../../src/ledger/configured.ts'
import { createMemoryLedger } from '../../src/ledger/memory.ts'
import { type Service, type ServiceOptions, createService } from '../../src/service.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { FORM, type Fields, form, toBase64 } from './http.ts'
import {
  DOCUMENT_FIELDS,
  type SignOptions,
  type TestCloud,
  documentText,
  sharedTestCloud,
  withAudience,
} from './test-cloud.ts'

export const ISSUER = 'https://rollcall.test'
export const TOKEN_AUDIENCE = 'https://cluster.example'
export const CHALLENGE_LIFETIME = 120
/** The operator's name in tests. */
export const OPERATOR = 'alice@rollcall.test'

/** The roles: the account of the documents has `worker`; of `builder` it lacks the region. */
export const POLICY = {
  roles: {
    worker: {
      match: { owner_account_id: [DOCUMENT_FIELDS['owner-account-id']] },
      token: { audience: [TOKEN_AUDIENCE, 'https://other.example'] },
      reenrollment: 'always',
    },
    builder: {
      match: {
        owner_account_id: [DOCUMENT_FIELDS['owner-account-id']],
        region_id: ['cn-shanghai'],
      },
      token: { audience: [TOKEN_AUDIENCE] },
      reenrollment: 'always',
    },
  },
}

/** Evidence as it is posted. */
export type Evidence = Readonly<Record<'document' | 'pkcs7', string>>

/** What differs from a usual document, and from the usual way to sign it. */
export interface EvidenceOptions extends SignOptions {
  readonly fields?: Record<string, string>
  readonly role?: string
}

/** What an operator's token says, where a test wants another than a good one. */
export interface OperatorToken {
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
  /** Default: the operator's own. */
  readonly key?: CryptoKey
}

/** A service to send requests to. */
export interface TestService {
  readonly fetch: Service['fetch']
  readonly cloud: TestCloud
  /** The signing keys as they are configured. */
  readonly privateKeys: string
  readonly events: AuditEvent[]
  /** Lines for the operator of the deployment. */
  readonly reports: string[]
  /** The clock, Unix seconds. */
  now: number
  request(path: string, init?: RequestInit): Promise<Response>
  /** Posts a form. */
  post(path: string, fields: Fields, headers?: Fields): Promise<Response>
  challenge(role?: string): Promise<string>
  /** Fresh evidence, over a challenge of its own. */
  evidence(options?: EvidenceOptions): Promise<Evidence>
  /** A token for one operator's call. */
  operatorToken(changes?: OperatorToken): Promise<string>
  /** An operator's call, with a token of its own. */
  operate(method: string, path: string, fields?: Fields): Promise<Response>
}

/** What a test may exchange. */
export interface TestServiceOptions extends Partial<Omit<ServiceOptions, 'config'>> {
  /** Beside the usual variables, or in place of them. */
  readonly variables?: Readonly<Record<string, string>>
  /** Whether there are operators' calls, for the key of {@link TestService.operatorToken}. Default: false. */
  readonly operators?: boolean
  readonly cloud?: TestCloud
}

/**
 * Creates a service. Its ledger is in memory and reaches back before every test.
 * @throws ConfigurationError if the variables are refused
 */
export const createTestService = async ({
  variables = {},
  operators = false,
  cloud: given,
  ...options
}: TestServiceOptions = {}): Promise<TestService> => {
  const cloud = given ?? (await sharedTestCloud())
  const privateKeys = JSON.stringify(await generateSigningKeys('ES256'))
  const operator = await createOperator()
  const environment = {
    ROLLCALL_ISSUER: ISSUER,
    ROLLCALL_SIGNING_KEYS: privateKeys,
    ROLLCALL_POLICY: JSON.stringify(POLICY),
    ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
    ROLLCALL_LEDGER: 'memory:',
    ROLLCALL_CHALLENGE_LIFETIME_SECONDS: String(CHALLENGE_LIFETIME),
    ...(operators && { ROLLCALL_ADMIN_KEYS: operator.jwks }),
    ...variables,
  }
  const config = await parseConfig(environment, { readLedger: ledgerReader(['memory']) })
  const events: AuditEvent[] = []
  const reports: string[] = []
  const { fetch } = await createService({
    config,
    ledger: createMemoryLedger(0),
    audit: (event) => void events.push(event),
    clock: () => service.now,
    report: (line) => void reports.push(line),
    ...options,
  })
  const service: TestService = {
    fetch,
    cloud,
    privateKeys,
    events,
    reports,
    now: Math.floor(Date.now() / 1000),
    request: (path, init) => fetch(new Request(`http://localhost${path}`, init)),
    post: (path, fields, headers = {}) =>
      service.request(path, {
        method: 'POST',
        headers: { ...FORM, ...headers },
        body: form(fields),
      }),
    async challenge(role) {
      const response = await service.post('/v1/challenge', role === undefined ? {} : { role })
      return ((await response.json()) as { audience: string }).audience
    },
    async evidence({ fields, role, ...signOptions } = {}) {
      const document = documentText(fields)
      const content = withAudience(document, await service.challenge(role))
      return { document, pkcs7: toBase64(cloud.sign(content, signOptions)) }
    },
    operatorToken: (changes) => operator.token(config.issuer, service.now, changes),
    async operate(method, path, fields) {
      const headers = { Authorization: `Bearer ${await service.operatorToken()}` }
      if (fields === undefined) return service.request(path, { method, headers })
      return service.request(path, {
        method,
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: JSON.stringify(fields),
      })
    },
  }
  return service
}

/** An operator's key. Tokens are signed by jose, which has no part in signing in the service. */
const createOperator = async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  return {
    jwks: JSON.stringify({ keys: [jwk] }),
    token: (issuer: string, now: number, { header, claims, key }: OperatorToken = {}) =>
      new SignJWT({
        sub: OPERATOR,
        aud: issuer,
        iat: now,
        exp: now + 60,
        jti: crypto.randomUUID(),
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'rollcall-admin+jwt', kid, ...header })
        .sign(key ?? privateKey),
  }
}
