// A really started service, and all that takes part: a cloud that signs, instances with keys of their
// own, an operator. Which runtime it is, the suite can't tell.

import { createPublicKey, randomBytes, randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { type JWK } from 'jose'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { type Clock, nextSecond, realClock } from '../../support/clock.ts'
import type { PostedEvidence } from '../../support/instance.ts'
import type { RunningService, ServiceVariables } from '../../support/start-service.ts'
import {
  DOCUMENT_FIELDS,
  type SignOptions,
  createTestCloud,
  documentText,
  withAudience,
} from '../../support/test-cloud.ts'
import { ALGORITHMS, type TestKey, makeKey } from './independent-jws.ts'
import { type OperatorTokenChanges, makeOperatorToken } from './operator-token.ts'
import { makeProof } from './proofs.ts'
import { type Answer, readAnswer } from './answer.ts'
import {
  ACCOUNTS,
  ISSUER,
  type Instance,
  LIFETIME_SECONDS,
  OPERATOR,
  POLICY,
  accountOf,
} from './constants.ts'

/** Until an audit event that was written has come through. */
const LOG_DELAY_MS = 2_000

/** Everything for one enrollment: post it as often as you like. */
export interface Attempt {
  readonly role: string | undefined
  readonly audience: string
  readonly evidence: PostedEvidence
  /** Of the key that the challenge was made for. */
  readonly proof: string | undefined
}

/** How an attempt begins. */
export interface AttemptOptions {
  readonly role?: string | undefined
  readonly key?: TestKey | undefined
  /** In place of one that is asked for. */
  readonly audience?: string
  readonly signing?: SignOptions
}

/** Headers; `undefined` leaves one out. */
export type HeaderFields = Readonly<Record<string, string | undefined>>

/** A service, and all that takes part. */
export interface StateService {
  readonly url: string
  /** Whether what it knows outlives its process. */
  readonly persistent: boolean
  readonly challengeKeys: readonly Buffer[]
  readonly signingJwk: JWK
  /** One of each algorithm. */
  readonly operatorKeys: readonly TestKey[]
  /** Unix seconds, by the clock of the service. */
  now(): number
  /** Lets seconds go by. */
  pass(seconds: number): Promise<void>
  /** Lets the present second end. */
  nextSecond(): Promise<void>
  /** All that it has written. */
  output(): string
  /** What must be in none of that. */
  readonly secrets: Set<string>
  /** An instance that nobody has seen. */
  newInstance(changes?: Partial<Instance>): Instance
  /** An account that no other test uses. */
  newAccount(): string
  challenge(role?: string, jkt?: string): Promise<string>
  evidence(instance: Instance, audience: string, signing?: SignOptions): PostedEvidence
  /** Evidence that was asked for without an audience. */
  plainEvidence(instance: Instance): PostedEvidence
  /** A signature over any document. @returns base64 */
  signText(document: string, audience: string): string
  begin(instance: Instance, options?: AttemptOptions): Promise<Attempt>
  /** @param headers in place of those that the attempt has */
  post(attempt: Attempt, headers?: HeaderFields): Promise<Answer>
  send(method: string, path: string, init?: SendInit): Promise<Answer>
  operatorToken(changes?: OperatorTokenChanges, key?: TestKey): string
  /** A call of the operator's, with a token of its own. */
  operate(method: string, path: string, fields?: Readonly<Record<string, string>>): Promise<Answer>
  /** Stops it, and starts it with other variables on the same state. */
  restart(changes?: Readonly<Record<string, string | undefined>>): Promise<void>
  stop(): Promise<void>
}

/** A request. */
export interface SendInit {
  readonly headers?: HeaderFields
  /** A form, if it is an object. */
  readonly body?: string | FormData | Readonly<Record<string, string>>
}

/** How a runtime starts the service. */
export interface Runtime {
  readonly persistent: boolean
  /** Default: the clock of this machine. */
  readonly clock?: Clock
  start(variables: ServiceVariables): Promise<RunningService>
}

/** Starts a service. */
export const startStateService = async ({
  start,
  persistent,
  clock = realClock,
}: Runtime): Promise<StateService> => {
  const cloud = await createTestCloud()
  const operatorKeys = await Promise.all(ALGORITHMS.map((alg) => makeKey(alg)))
  const challengeKeys = [randomBytes(32), randomBytes(32)]
  const signingKeys = await generateSigningKeys('ES256')
  const [signingJwk] = signingKeys.keys as [JWK]
  const { d: _, ...publicJwk } = signingJwk
  const publicKey = createPublicKey({ key: publicJwk, format: 'jwk' })
  const variables: Record<string, string | undefined> = {
    ROLLCALL_ISSUER: ISSUER,
    ROLLCALL_SIGNING_KEYS: JSON.stringify(signingKeys),
    ROLLCALL_POLICY: JSON.stringify(POLICY),
    ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
    ROLLCALL_CHALLENGE_LIFETIME_SECONDS: String(LIFETIME_SECONDS),
    ROLLCALL_CHALLENGE_KEYS: challengeKeys.map((key) => key.toString('base64url')).join(),
    ROLLCALL_ADMIN_KEYS: JSON.stringify({ keys: operatorKeys.map(({ jwk }) => jwk) }),
  }
  const started = (changes: typeof variables = {}): Promise<RunningService> => {
    const set = Object.entries({ ...variables, ...changes }).filter(([, value]) => value)
    return start(Object.fromEntries(set) as ServiceVariables)
  }
  let running = await started()
  let written = ''
  let accounts = 0
  const secrets = new Set([
    String(signingJwk.d),
    ...challengeKeys.map((key) => key.toString('base64url')),
  ])

  const service: StateService = {
    get url() {
      return running.url
    },
    persistent,
    challengeKeys,
    signingJwk,
    operatorKeys,
    now: () => Math.floor(clock.now()),
    pass: (seconds) => clock.pass(seconds),
    nextSecond: () => nextSecond(clock),
    output: () => written + running.output(),
    secrets,
    newInstance: (changes = {}) => ({
      'instance-id': `i-${randomBytes(8).toString('hex')}`,
      'owner-account-id': accountOf(0),
      'region-id': DOCUMENT_FIELDS['region-id'],
      'serial-number': randomUUID(),
      'image-id': DOCUMENT_FIELDS['image-id'],
      ...changes,
    }),
    newAccount() {
      accounts++
      if (accounts >= ACCOUNTS.length) throw new Error('more accounts are needed in the policy')
      return accountOf(accounts)
    },
    async challenge(role, jkt) {
      const body = { ...(role && { role }), ...(jkt && { dpop_jkt: jkt }) }
      const audience = String(
        (await service.send('POST', '/v1/challenge', { body })).body['audience'],
      )
      secrets.add(audience)
      return audience
    },
    evidence(instance, audience, signing) {
      const document = documentText(instance)
      const pkcs7 = Buffer.from(cloud.sign(withAudience(document, audience), signing))
      secrets.add(pkcs7.toString('base64'))
      return { document, pkcs7: pkcs7.toString('base64') }
    },
    plainEvidence(instance) {
      const document = documentText(instance)
      return { document, pkcs7: Buffer.from(cloud.sign(document)).toString('base64') }
    },
    signText: (document, audience) =>
      Buffer.from(cloud.sign(withAudience(document, audience))).toString('base64'),
    async begin(instance, { role, key, audience: given, signing } = {}) {
      const audience = given ?? (await service.challenge(role, key?.thumbprint))
      const evidence = service.evidence(instance, audience, signing)
      const proof = key && makeProof(key, ISSUER, audience)
      if (proof !== undefined) secrets.add(proof)
      return { role, audience, evidence, proof }
    },
    post({ role, evidence, proof }, headers = {}) {
      const body = { ...evidence, ...(role !== undefined && { role }) }
      return service.send('POST', '/v1/enroll', { body, headers: { DPoP: proof, ...headers } })
    },
    async send(method, path, { headers = {}, body } = {}) {
      const { url, auditEvents } = running
      const id = randomUUID()
      const given = Object.entries(headers).filter(([, value]) => value !== undefined)
      const request = (): Promise<Response> =>
        fetch(url + path, {
          method,
          headers: { ...Object.fromEntries(given), 'X-Request-Id': id } as Record<string, string>,
          ...(body !== undefined && { body: bodyOf(body) }),
        })
      let response = await request()
      if (!response.headers.has('X-Request-Id')) {
        // Not an answer of the service: wrangler's connection to workerd broke. What the service has
        // not seen can be sent again.
        await setTimeout(LOG_DELAY_MS)
        if (auditEvents().every((event) => event['request_id'] !== id)) response = await request()
      }
      return readAnswer(response, { auditEvents, publicKey, secrets, now: service.now() })
    },
    operatorToken(changes, key = operatorKeys[0] as TestKey) {
      const token = makeOperatorToken(
        key,
        { sub: OPERATOR, aud: ISSUER, now: service.now() },
        changes,
      )
      secrets.add(token)
      return token
    },
    operate(method, path, fields) {
      const headers = { Authorization: `Bearer ${service.operatorToken()}` }
      return service.send(method, path, { headers, ...(fields && { body: fields }) })
    },
    async restart(changes) {
      await service.stop()
      running = await started(changes)
    },
    async stop() {
      await running.stop()
      written += running.output()
    },
  }
  return service
}

const bodyOf = (body: NonNullable<SendInit['body']>): string | FormData | URLSearchParams =>
  typeof body === 'string' || body instanceof FormData ? body : new URLSearchParams({ ...body })
