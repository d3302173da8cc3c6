// The bad tokens at `/v1/authorize`, before, during and after the rotation of the signing key (refusal 24), and
// tokens from a clock that is ahead.

import { beforeAll, describe, expect, it } from 'vitest'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { type Authorizing, createAuthorizing, proofFor, APP } from '../../support/authorizing.ts'
import {
  BAD_TOKENS,
  BAD_TOKEN_NAMES,
  type BadTokenName,
  makeBadTokens,
  resignToken,
} from '../../support/bad-tokens.ts'
import { problemOf } from '../../support/http.ts'

const PHASES = ['before', 'during', 'after'] as const
type Phase = (typeof PHASES)[number]

/** A service of each phase; they share the ledger, as processes that restart one after the other do. */
let services: Readonly<Record<Phase, Authorizing>>
/** The private JWKS with the key that signs in each phase. */
let signing: Readonly<Record<Phase, string>>
let bad: Readonly<Record<Phase, ReadonlyMap<BadTokenName, string>>>
/** A token of the old key, issued before the rotation. */
let old: string
beforeAll(async () => {
  const [oldKey] = (await generateSigningKeys('ES256')).keys
  const [newKey] = (await generateSigningKeys('ES256')).keys
  const sets = { before: [oldKey], during: [newKey, oldKey], after: [newKey] }
  const entries = <Value>(make: (phase: Phase) => Value) =>
    Object.fromEntries(PHASES.map((phase) => [phase, make(phase)])) as Record<Phase, Value>
  signing = entries((phase) => JSON.stringify({ keys: sets[phase] }))
  const ledger = createMemoryLedger(0)
  const [before, during, after] = await Promise.all(
    PHASES.map((phase) =>
      createAuthorizing({
        ledger,
        variables: { ROLLCALL_SIGNING_KEYS: signing[phase] },
        privateKeys: signing[phase],
      }),
    ),
  )
  services = { before, during, after } as Record<Phase, Authorizing>
  old = services.before.bearerToken
  bad = entries((phase) => {
    const goodToken = services[phase].bearerToken
    return new Map(
      makeBadTokens({ goodToken, privateKeys: signing[phase] }).map(([name, token]) => [
        name,
        token,
      ]),
    )
  })
})

describe.each(PHASES)('/v1/authorize, %s a rotation,', (phase) => {
  const ask = (token: string | undefined, role = 'worker'): Promise<Response> =>
    services[phase].ask(
      { Authorization: `Bearer ${token}` },
      `audience=https%3A%2F%2Fcluster.example&role=${role}`,
    )

  it('admits the tokens of its key, bound or not', async () => {
    expect((await ask(services[phase].bearerToken)).status).toBe(200)
    expect((await services[phase].ask(services[phase].boundHeaders())).status).toBe(200)
  })

  it('admits tokens of the old key as long as it is published', async () => {
    expect((await ask(old)).status).toBe(phase === 'after' ? 401 : 200)
  })

  it.each(BAD_TOKEN_NAMES)('refuses a token with: %s', async (name) => {
    const token = bad[phase].get(name)
    expect(token).toBeDefined()
    const problem = await problemOf(await ask(token))
    expect(problem.status).toBe(BAD_TOKENS[name].authorize)
    expect(['invalid_token', 'not_admitted']).toContain(problem.code)
  })

  it('admits a token whose iat is 20 s ahead, and refuses one of 31 s', async () => {
    const { service, bearerToken: goodToken, key } = services[phase]
    const source = { goodToken, privateKeys: signing[phase] }
    const times = (ahead: number) => ({
      iat: service.now + ahead,
      nbf: service.now + ahead - 30,
      exp: service.now + 300,
    })
    expect((await ask(resignToken(source, times(20)))).status).toBe(200)
    expect((await ask(resignToken(source, times(31)))).status).toBe(401)
    const bound = resignToken(source, { ...times(20), cnf: { jkt: key.thumbprint } })
    // Clients take the time of a proof from the token.
    const DPoP = proofFor(key, bound, { htm: 'GET', htu: `${APP}/a`, iat: service.now + 20 })
    const headers = services[phase].boundHeaders({ Authorization: `DPoP ${bound}`, DPoP })
    expect((await services[phase].ask(headers)).status).toBe(200)
  })
})
