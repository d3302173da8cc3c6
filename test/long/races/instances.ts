// Instances that enroll by each rule of first use, their keys and evidence, an operator, and what a
// service is started with so that it takes them all.

import {
  type CryptoKey,
  type JWK,
  SignJWT,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
} from 'jose'
import { randomBytes, randomUUID } from 'node:crypto'
import { ENROLL_PATH } from '../../../src/base/wire/paths.ts'
import { TOKEN_PATH } from '../../../src/base/wire/token-exchange.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import type { KeptAnswer, KeptClient, KeptRequest } from '../../support/keep-alive.ts'
import type { ServiceVariables } from '../../support/start-service.ts'
import { makeChallenge } from '../../cases/state/independent-challenge.ts'
import {
  DOCUMENT_FIELDS,
  createTestCloud,
  documentText,
  withAudience,
} from '../../support/test-cloud.ts'

/** Rules of first use; there is a role of the same name for each. */
export type Rule = 'always' | 'never' | 'same_key'

const PAGE = 1000
/** Less than the 60 s by which the clocks of isolates may differ. */
const CLOCK_AHEAD_SECONDS = 30

const roleOf = (rule: Rule): string => rule.replace('_', '-')

/** What tokens of the rule `same_key` can be exchanged for: a bearer token and a bound one. */
export const EXCHANGE_AUDIENCES = ['https://vault.example', 'https://bound.example'] as const

/** An instance. */
export interface Instance {
  readonly account: string
  readonly image: string
  readonly id: string
  readonly serial: string
}

/** A key that tokens are bound to. */
export interface InstanceKey {
  readonly jkt: string
  readonly jwk: JWK
  readonly privateKey: CryptoKey
}

/** An enrollment, ready to be posted any number of times. */
export interface Attempt {
  readonly instance: Instance
  readonly rule: Rule
  readonly key: InstanceKey | undefined
  readonly challenge: string
  readonly fields: Readonly<Record<'document' | 'pkcs7' | 'role', string>>
  /** Has the proof, if there is a key. */
  readonly headers: Readonly<Record<string, string>>
}

/** See {@link createInstances}. */
export interface Instances {
  readonly variables: ServiceVariables
  /** An instance that nobody has seen. Default: the first account, and an image that all have. */
  newInstance(changes?: Partial<Instance>): Instance
  newKey(): Promise<InstanceKey>
  /** Asks for a challenge. @returns it; throws if the service gives none */
  challenge(client: KeptClient, rule: Rule, key?: InstanceKey): Promise<string>
  /**
   * A challenge as an isolate makes it whose clock is ahead: no reset by another clock is later than it, so
   * the record's generation alone stops what a reset has overtaken.
   */
  challengeAhead(rule: Rule): string
  /** Evidence over a challenge, signed by the cloud. */
  attempt(instance: Instance, rule: Rule, challenge: string, key?: InstanceKey): Promise<Attempt>
  /** A proof for one exchange. */
  proveExchange(key: InstanceKey): Promise<string>
  /** An operator's call, with a token of its own. */
  operate(
    client: KeptClient,
    method: string,
    path: string,
    fields?: KeptRequest['fields'],
  ): Promise<KeptAnswer>
}

/** How an instance stands, as operators are shown it. */
export interface Standing {
  readonly enrollments: number
  readonly generation: number
}

/** All instances that a service lists, by id. */
export const listInstances = async (
  { operate }: Instances,
  client: KeptClient,
): Promise<ReadonlyMap<string, Standing>> => {
  const found = new Map<string, Standing>()
  let cursor: unknown
  do {
    const more = cursor === undefined ? '' : `&cursor=${encodeURIComponent(String(cursor))}`
    const path = `/v1/admin/instances?limit=${PAGE}${more}`
    const { status, body } = await operate(client, 'GET', path)
    if (status !== 200) throw new Error(`the list answers ${status}`)
    for (const item of body['instances'] as (Standing & { instance_id: string })[]) {
      const { instance_id: id, enrollments, generation } = item
      found.set(id, { enrollments, generation })
    }
    cursor = body['cursor']
  } while (cursor !== undefined)
  return found
}

/** Where an operator finds an instance. */
export const instancePath = ({ account, id }: Instance): string =>
  `/v1/admin/instances/${account}/${DOCUMENT_FIELDS['region-id']}/${id}`

/** The claims of a token, not verified. */
export const claimsOf = ({ body }: KeptAnswer): Readonly<Record<string, unknown>> =>
  JSON.parse(
    Buffer.from(String(body['access_token']).split('.')[1] ?? '', 'base64url').toString(),
  ) as Record<string, unknown>

/**
 * Creates what they enroll with.
 * @param accounts that may enroll
 * @param lifetimeSeconds of challenges
 */
export const createInstances = async (
  issuer: string,
  accounts: readonly [string, ...string[]],
  lifetimeSeconds: number,
): Promise<Instances> => {
  const cloud = await createTestCloud()
  const operator = await generateKeyPair('ES256', { extractable: true })
  const operatorJwk = await exportJWK(operator.publicKey)
  const kid = await calculateJwkThumbprint(operatorJwk)
  const role = (rule: Rule): unknown => ({
    match: { owner_account_id: accounts },
    // No audience has both bound and unbound tokens.
    token: { audience: [`https://${rule === 'same_key' ? 'mesh' : 'cluster'}.example`] },
    reenrollment: rule,
    ...(rule === 'same_key' && {
      exchange: EXCHANGE_AUDIENCES.map((audience, at) => ({
        audience,
        binding: at === 0 ? 'none' : 'dpop',
      })),
    }),
  })
  const challengeKey = randomBytes(32)
  let instances = 0

  const prove = (
    path: string,
    { jwk, privateKey }: InstanceKey,
    more: { readonly nonce?: string } = {},
  ): Promise<string> =>
    new SignJWT({ htm: 'POST', htu: issuer + path, ...more })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setJti(randomUUID())
      .setIssuedAt()
      .sign(privateKey)

  const operatorToken = (): Promise<string> =>
    new SignJWT()
      .setProtectedHeader({ alg: 'ES256', typ: 'rollcall-admin+jwt', kid })
      .setSubject('alice@rollcall.example')
      .setAudience(issuer)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(operator.privateKey)

  return {
    variables: {
      ROLLCALL_ISSUER: issuer,
      ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
      ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
      ROLLCALL_ADMIN_KEYS: JSON.stringify({ keys: [operatorJwk] }),
      ROLLCALL_CHALLENGE_KEYS: challengeKey.toString('base64url'),
      ROLLCALL_CHALLENGE_LIFETIME_SECONDS: String(lifetimeSeconds),
      ROLLCALL_POLICY: JSON.stringify({
        roles: Object.fromEntries(
          (['always', 'never', 'same_key'] as const).map((rule) => [roleOf(rule), role(rule)]),
        ),
      }),
    },

    newInstance(changes) {
      const number = ++instances
      return {
        account: accounts[0],
        image: DOCUMENT_FIELDS['image-id'],
        id: `i-racer${number}`,
        serial: `serial-${number}`,
        ...changes,
      }
    },

    async newKey() {
      const { publicKey, privateKey } = await generateKeyPair('ES256')
      const jwk = await exportJWK(publicKey)
      return { jwk, privateKey, jkt: await calculateJwkThumbprint(jwk) }
    },

    async challenge(client, rule, key) {
      const fields = { role: roleOf(rule), ...(key && { dpop_jkt: key.jkt }) }
      const { status, body } = await client.send('POST', '/v1/challenge', { fields })
      if (status !== 200) throw new Error(`no challenge: ${status} ${String(body['code'])}`)
      return String(body['audience'])
    },

    challengeAhead(rule) {
      const madeAt = Math.floor(Date.now() / 1000) + CLOCK_AHEAD_SECONDS
      const expiresAt = madeAt + lifetimeSeconds
      return makeChallenge({ issuer, role: roleOf(rule), key: challengeKey, expiresAt })
    },

    async attempt(instance, rule, challenge, key) {
      const document = documentText({
        'owner-account-id': instance.account,
        'image-id': instance.image,
        'instance-id': instance.id,
        'serial-number': instance.serial,
      })
      const pkcs7 = Buffer.from(cloud.sign(withAudience(document, challenge))).toString('base64')
      return {
        instance,
        rule,
        key,
        challenge,
        fields: { document, pkcs7, role: roleOf(rule) },
        headers:
          key === undefined ? {} : { DPoP: await prove(ENROLL_PATH, key, { nonce: challenge }) },
      }
    },

    proveExchange: (key) => prove(TOKEN_PATH, key),

    async operate(client, method, path, fields) {
      const headers = { Authorization: `Bearer ${await operatorToken()}` }
      return client.send(method, path, { headers, ...(fields && { fields }) })
    },
  }
}
