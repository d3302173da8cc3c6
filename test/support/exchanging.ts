// A service whose policy has exchanges, and a node that enrolled there with a key: for tests of `POST /v1/token`.

import { createPrivateKey } from 'node:crypto'
import { expect } from 'vitest'
import { auditLine } from '../../src/http/audit.ts'
import { compactJws, signer, type TestKey, makeKey } from '../cases/state/independent-jws.ts'
import { makeProof } from '../cases/state/proofs.ts'
import { expectDocumented } from './audit-reasons.ts'
import { claimsOf, toBase64 } from './http.ts'
import { DOCUMENT_FIELDS, documentText, withAudience } from './test-cloud.ts'
import {
  ISSUER,
  type TestService,
  type TestServiceOptions,
  createTestService,
} from './test-service.ts'
import { expectNoToken } from './no-token.ts'

type Members = Readonly<Record<string, unknown>>

export const TOKEN_URI = `${ISSUER}/v1/token`
/** Takes bearer tokens. */
export const VAULT = 'https://vault.test'
/** Takes bound tokens. */
export const MESH = 'https://mesh.test'

const match = { owner_account_id: [DOCUMENT_FIELDS['owner-account-id']] }

/** `node` has exchanges; `keyless` gives tokens without a key; `elsewhere` matches another region. */
export const EXCHANGE_POLICY = {
  roles: {
    node: {
      match,
      token: { audience: [ISSUER], lifetime_seconds: 900 },
      reenrollment: 'always',
      binding: 'dpop',
      exchange: [
        { audience: VAULT, binding: 'none', groups: ['nodes'] },
        { audience: MESH, binding: 'dpop', lifetime_seconds: 600 },
      ],
    },
    keyless: { match, token: { audience: ['https://plain.test'] }, reenrollment: 'always' },
    elsewhere: {
      match: { ...match, region_id: ['cn-nowhere'] },
      token: { audience: [ISSUER] },
      reenrollment: 'same_key',
      exchange: [{ audience: VAULT, binding: 'none' }],
    },
  },
}

/** The parameters of a good exchange, without the token. */
export const GOOD = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  audience: VAULT,
}

/** What an exchange sends where it differs from a good one; `undefined` leaves it out. */
export interface Exchanging {
  readonly fields?: Readonly<Record<string, string | undefined>>
  readonly dpop?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

/** A service, and a node that enrolled there. */
export interface ExchangingService extends TestService {
  readonly key: TestKey
  /** The node's enrollment token, bound to {@link key}. */
  readonly token: string
  /** Enrolls the instance of the usual document. */
  enroll(role: string, key?: TestKey): Promise<string>
  /** A proof for an exchange now. */
  prove(claims?: Members, key?: TestKey): string
  /** The claims of the enrollment token with changes, signed by the service's own key. */
  resigned(claims: Members, header?: Members): string
  exchange(changes?: Exchanging): Promise<Response>
  /** The token that an exchange gives. */
  child(audience?: string): Promise<string>
}

/** Creates one. */
export const createExchangingService = async ({
  variables,
  ...options
}: TestServiceOptions = {}): Promise<ExchangingService> => {
  const service = await createTestService({
    operators: true,
    variables: { ROLLCALL_POLICY: JSON.stringify(EXCHANGE_POLICY), ...variables },
    ...options,
  })
  const nodeKey = await makeKey()
  const [signingJwk = {}] = (JSON.parse(service.privateKeys) as { keys: { kid?: string }[] }).keys
  const signingKey = createPrivateKey({ key: signingJwk, format: 'jwk' })

  const enroll: ExchangingService['enroll'] = async (role, key) => {
    const jkt = key === undefined ? {} : { dpop_jkt: key.thumbprint }
    const made = await service.post('/v1/challenge', { role, ...jkt })
    const { audience } = (await made.json()) as { audience: string }
    const document = documentText()
    const pkcs7 = toBase64(service.cloud.sign(withAudience(document, audience)))
    const headers = key === undefined ? {} : { DPoP: makeProof(key, ISSUER, audience) }
    const answer = await service.post('/v1/enroll', { document, pkcs7, role }, headers)
    expect(answer.status).toBe(200)
    return ((await answer.json()) as { access_token: string }).access_token
  }
  const token = await enroll('node', nodeKey)
  const kid = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid

  // The clock and what is recorded stay those of the service: its members are read when they are needed.
  const exchanging: ExchangingService = Object.assign(service, {
    key: nodeKey,
    token,
    enroll,
    prove: (claims: Members = {}, key = nodeKey) =>
      makeProof(key, ISSUER, 'unused', {
        claims: { htu: TOKEN_URI, iat: service.now, nonce: undefined, ...claims },
      }),
    resigned: (claims: Members, header: Members = {}) =>
      compactJws(
        { alg: 'ES256', typ: 'JWT', kid, ...header },
        { ...claimsOf(token), ...claims },
        signer(signingKey),
      ),
    exchange(changes: Exchanging = {}) {
      const { fields = {}, headers = {} } = changes
      const sent = Object.entries({ ...GOOD, subject_token: token, ...fields }).flatMap(
        ([name, value]) => (value === undefined ? [] : [[name, value] as const]),
      )
      const dpop = 'dpop' in changes ? changes.dpop : exchanging.prove()
      const proof = dpop === undefined ? {} : { DPoP: dpop }
      return service.post('/v1/token', Object.fromEntries(sent), { ...proof, ...headers })
    },
    async child(audience = VAULT) {
      const answer = await exchanging.exchange({ fields: { audience } })
      expect(answer.status).toBe(200)
      return ((await answer.json()) as { access_token: string }).access_token
    },
  })
  return exchanging
}

/** Reads an error answer in the form of OAuth; it must have exactly the members and headers that all have. */
export const oauthErrorOf = async (response: Response): Promise<string> => {
  expect(response.status).toBe(400)
  expect(response.headers.get('Content-Type')).toBe('application/json')
  expect(response.headers.get('Cache-Control')).toBe('no-store')
  const body = (await response.json()) as Readonly<Record<string, string>>
  expect(Object.keys(body)).toEqual(['error', 'error_description'])
  expect(body['error_description']).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
  return String(body['error'])
}

/** Looks that an exchange was refused so, and that exactly one audit event says why. */
export const expectExchangeRefused = async (
  { events }: Pick<TestService, 'events'>,
  response: Response,
  expected: { readonly error: string; readonly reason: string; readonly field?: string },
): Promise<void> => {
  const id = response.headers.get('X-Request-Id')
  // Neither the answer nor the event holds a token or a proof.
  const said = (await response.clone().text()) + [...response.headers].join()
  expectNoToken(said + events.map(auditLine).join())
  expect(await oauthErrorOf(response)).toBe(expected.error)
  const found = events.filter(({ request_id: known }) => known === id)
  expect(found).toHaveLength(1)
  const { error: code, reason, field } = expected
  expect(found[0]).toMatchObject({ event: 'exchange', outcome: 'refused', code, reason })
  expect(found[0]?.field).toBe(field)
  expect([found[0]?.jti, found[0]?.audience]).toEqual([undefined, undefined])
  expectDocumented({ ...found[0] })
}
