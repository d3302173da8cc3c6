// A service that relying parties introspect tokens at, and relying parties with keys of their own.

import { expect } from 'vitest'
import { type TestKey, makeKey } from '../cases/state/independent-jws.ts'
import { expectDocumented } from './audit-reasons.ts'
import { type AssertionChanges, introspectionFields, makeAssertion } from './client-assertion.ts'
import {
  EXCHANGE_POLICY,
  type ExchangingService,
  MESH,
  VAULT,
  createExchangingService,
} from './exchanging.ts'
import { ISSUER, type TestServiceOptions } from './test-service.ts'

/** Takes the bearer tokens of the role `keyless`. */
export const PLAIN = 'https://plain.test'

/** A relying party. */
export interface TestRelyingParty {
  readonly name: string
  readonly audiences: readonly string[]
  readonly key: TestKey
}

/** Makes relying parties, and their keys as they are configured. */
export const makeRelyingParties = async (
  audiences: Readonly<Record<string, readonly string[]>>,
): Promise<{
  readonly parties: Readonly<Record<string, TestRelyingParty>>
  readonly jwks: string
}> => {
  const all = await Promise.all(
    Object.entries(audiences).map(async ([name, own]) => ({
      name,
      audiences: own,
      key: await makeKey(),
    })),
  )
  const keys = all.map(({ key, ...about }) => ({ ...key.jwk, ...about }))
  return {
    parties: Object.fromEntries(all.map((party) => [party.name, party])),
    jwks: JSON.stringify({ keys }),
  }
}

/** What an introspection sends where it differs from a good one. */
export interface Introspecting {
  readonly as?: TestRelyingParty
  readonly assertion?: AssertionChanges
  readonly fields?: Readonly<Record<string, string | undefined>>
  readonly headers?: Readonly<Record<string, string>>
}

/** A service, and relying parties: `plain`, `vault` and `mesh`, each for the audience of its name. */
export interface IntrospectingService extends ExchangingService {
  readonly parties: Readonly<Record<'plain' | 'vault' | 'mesh', TestRelyingParty>>
  readonly relyingPartyKeys: string
  /** Asks about a token, as `plain` by default. */
  introspect(token: string, changes?: Introspecting): Promise<Response>
  /** What the answer says. */
  active(token: string, as?: TestRelyingParty): Promise<Readonly<Record<string, unknown>>>
}

/** Creates one. */
export const createIntrospectingService = async ({
  variables,
  ...options
}: TestServiceOptions = {}): Promise<IntrospectingService> => {
  const { parties, jwks } = await makeRelyingParties({
    plain: [PLAIN],
    vault: [VAULT, 'https://another.test'],
    mesh: [MESH, ISSUER],
  })
  const service = await createExchangingService({
    variables: {
      ROLLCALL_POLICY: JSON.stringify(EXCHANGE_POLICY),
      ROLLCALL_RELYING_PARTY_KEYS: jwks,
      ...variables,
    },
    ...options,
  })
  const known = parties as IntrospectingService['parties']
  const introspect: IntrospectingService['introspect'] = (token, changes = {}) => {
    const { as = known.plain, assertion, fields, headers } = changes
    const made = makeAssertion(as.key, { name: as.name, aud: ISSUER, now: service.now }, assertion)
    const sent = { ...introspectionFields(token, made), ...fields }
    const given = Object.entries(sent).filter(([, value]) => value !== undefined)
    return service.post(
      '/v1/introspect',
      Object.fromEntries(given) as Record<string, string>,
      headers,
    )
  }
  return Object.assign(service, {
    parties: known,
    relyingPartyKeys: jwks,
    introspect,
    active: async (token: string, as?: TestRelyingParty) => {
      const answer = await introspect(token, as === undefined ? {} : { as })
      expect(answer.status).toBe(200)
      return (await answer.json()) as Readonly<Record<string, unknown>>
    },
  })
}

/** Looks that an introspection was refused in the form of OAuth, and that exactly one audit event says why. */
export const expectIntrospectionRefused = async (
  service: IntrospectingService,
  answer: Response,
  [status, error, reason]: readonly [number, string, string],
): Promise<Readonly<Record<string, unknown>>> => {
  const body = (await answer.json()) as Record<string, unknown>
  expect([answer.status, Object.keys(body), body['error']]).toEqual([
    status,
    ['error', 'error_description'],
    error,
  ])
  expect(answer.headers.get('Content-Type')).toBe('application/json')
  expect(answer.headers.get('Cache-Control')).toBe('no-store')
  const id = answer.headers.get('X-Request-Id')
  const events = service.events.filter(({ request_id: own }) => own === id)
  expect(events).toHaveLength(1)
  const [event = {}] = events
  expect(event).toMatchObject({ event: 'introspect', outcome: 'refused', code: error, reason })
  expectDocumented({ ...event })
  return { ...event }
}
