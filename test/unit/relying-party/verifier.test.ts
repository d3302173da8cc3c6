// The verifier against tokens of the real service: the good one and the bad ones through a rotation of the keys and an
// outage, every option with its neighbours, and bound tokens with their proofs.

import { createHash, randomUUID } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import type { TokenVerifierOptions } from '../../../src/relying-party/options.ts'
import { TokenError, type TokenErrorCode } from '../../../src/relying-party/token-error.ts'
import {
  type TokenVerifier,
  type VerifyOptions,
  createTokenVerifier,
  createVerifier,
} from '../../../src/relying-party/verifier.ts'
import { STEPS, type TestIssuer, createTestIssuer } from '../../cases/relying-party/test-issuer.ts'
import { type TestKey, makeKey } from '../../cases/state/independent-jws.ts'
import { makeProof } from '../../cases/state/proofs.ts'
import { BAD_TOKENS, BAD_TOKEN_NAMES, type BadTokenName } from '../../support/bad-tokens.ts'
import { DOCUMENT_FIELDS } from '../../support/test-cloud.ts'
import { ISSUER, TOKEN_AUDIENCE } from '../../support/test-service.ts'
import { createTestTiming } from '../../support/timing.ts'

let issuer: TestIssuer
let key: TestKey
beforeAll(async () => {
  issuer = await createTestIssuer()
  key = await makeKey()
})
beforeEach(() => {
  issuer.step = 'one key'
  issuer.isDown = false
})

const options = (more: Partial<TokenVerifierOptions> = {}): TokenVerifierOptions => ({
  issuer: ISSUER,
  audience: TOKEN_AUDIENCE,
  roles: ['worker'],
  fetch: issuer.fetch,
  ...more,
})

/** The code of the refusal; `good` if the token is admitted. */
const outcome = async (
  verifier: TokenVerifier,
  token: string,
  shown: VerifyOptions = {},
): Promise<TokenErrorCode | 'good'> => {
  try {
    await verifier.verify(token, { now: issuer.now, ...shown })
    return 'good'
  } catch (error) {
    if (error instanceof TokenError) return error.code
    throw error
  }
}

const outcomes = async (
  verifier: TokenVerifier,
  shown?: VerifyOptions,
): Promise<Readonly<Record<BadTokenName, string>>> => {
  const entries = issuer
    .badTokens()
    .map(async ([name, token]) => [name, await outcome(verifier, token, shown)] as const)
  return Object.fromEntries(await Promise.all(entries)) as Record<BadTokenName, string>
}

const EXPECTED = Object.fromEntries(
  BAD_TOKEN_NAMES.map((name) => [name, BAD_TOKENS[name].library]),
) as Readonly<Record<BadTokenName, TokenErrorCode>>

/** While the issuer is down, a key that is not known may be a new one. */
const EXPECTED_WHILE_DOWN = Object.fromEntries(
  Object.entries(EXPECTED).map(([name, code]) => [
    name,
    code === 'key_unknown' ? 'keys_unavailable' : code,
  ]),
)

describe('createTokenVerifier()', () => {
  it('gives the claims of a good token', async () => {
    const claims = await createTokenVerifier(options()).verify(issuer.goodToken())
    expect(claims).toMatchObject({
      iss: ISSUER,
      aud: expect.arrayContaining([TOKEN_AUDIENCE]) as unknown,
      role: 'worker',
      ecs: { instance_id: DOCUMENT_FIELDS['instance-id'] },
    })
  })

  it('refuses the bad tokens before, during and after a rotation, and admits the good one', async () => {
    const timing = createTestTiming()
    const verifier = createVerifier(options(), timing)
    for (const step of STEPS) {
      issuer.step = step
      timing.pass(300)
      expect(await outcome(verifier, issuer.goodToken()), step).toBe('good')
      expect(await outcomes(verifier), step).toEqual(EXPECTED)
    }
  })

  it('admits the first token of a key that was never staged, and refuses the removed one after 300 s', async () => {
    const timing = createTestTiming()
    const verifier = createVerifier(options(), timing)
    const oldToken = issuer.goodToken()
    expect(await outcome(verifier, oldToken)).toBe('good')
    issuer.step = 'removed'
    timing.pass(30)
    expect(await outcome(verifier, issuer.goodToken())).toBe('good')
    expect(await outcome(verifier, oldToken)).toBe('key_unknown')
  })

  it('while the issuer is down for a minute and longer, goes on with the last good keys', async () => {
    const timing = createTestTiming()
    const verifier = createVerifier(options(), timing)
    await verifier.verify(issuer.goodToken(), { now: issuer.now })
    issuer.isDown = true
    for (const seconds of [60, 300, 1800]) {
      timing.pass(seconds)
      expect(await outcome(verifier, issuer.goodToken())).toBe('good')
      expect(await outcomes(verifier)).toEqual(EXPECTED_WHILE_DOWN)
    }
  })

  it('while the issuer is down for longer than staleKeysSeconds, admits no token, and recovers', async () => {
    const timing = createTestTiming()
    const verifier = createVerifier(options({ staleKeysSeconds: 600 }), timing)
    await verifier.verify(issuer.goodToken(), { now: issuer.now })
    issuer.isDown = true
    timing.pass(601)
    expect(await outcome(verifier, issuer.goodToken())).toBe('keys_unavailable')
    expect(Object.values(await outcomes(verifier))).not.toContain('good')
    issuer.isDown = false
    timing.pass(1)
    expect(await outcome(verifier, issuer.goodToken())).toBe('good')
  })

  it('with an issuer that is down at the first token, says what failed and why', async () => {
    issuer.isDown = true
    const verifier = createTokenVerifier(options())
    const error: unknown = await verifier
      .verify(issuer.goodToken())
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TokenError)
    expect(error).toMatchObject({ code: 'keys_unavailable', cause: new TypeError('fetch failed') })
    expect(String(error)).toContain(`${ISSUER} is unreachable`)
  })

  it('calls the issuer for no token whose alg is not accepted', async () => {
    const verifier = createTokenVerifier(options())
    const before = issuer.calls.length
    for (const [name, token] of issuer.badTokens()) {
      if (BAD_TOKENS[name].library === 'algorithm_refused') await outcome(verifier, token)
    }
    expect(await outcome(verifier, 'x'.repeat(8193))).toBe('token_malformed')
    expect(issuer.calls).toHaveLength(before)
  })

  it('admits a token whose iat is 20 s ahead of this clock, and refuses the bad ones in that second', async () => {
    const verifier = createTokenVerifier(options())
    const shown = { now: issuer.now - 20 }
    expect(await outcome(verifier, issuer.goodToken(), shown)).toBe('good')
    expect(await outcomes(verifier, shown)).toEqual(EXPECTED)
  })

  it.each([
    [30, 0, 30, 'good'],
    [30, 0, 31, 'token_not_yet_valid'],
    [0, 0, 0, 'good'],
    [0, 0, 1, 'token_not_yet_valid'],
    [300, 0, 300, 'good'],
    [30, 329, 0, 'good'],
    [30, 330, 0, 'token_expired'],
    [0, 299, 0, 'good'],
    [0, 300, 0, 'token_expired'],
  ])(
    'with a tolerance of %i s, %i s after and %i s before iat: %s',
    async (tolerance, late, early, expected) => {
      const verifier = createTokenVerifier(options({ clockToleranceSeconds: tolerance }))
      const now = issuer.now + late - early
      expect(await outcome(verifier, issuer.goodToken(), { now })).toBe(expected)
    },
  )

  it.each<[string, Partial<TokenVerifierOptions>, TokenErrorCode | 'good']>([
    ['the second of two audiences', { audience: ['https://a.test', TOKEN_AUDIENCE] }, 'good'],
    ['another audience', { audience: 'https://a.test' }, 'audience_mismatch'],
    ['an audience with a slash', { audience: `${TOKEN_AUDIENCE}/` }, 'audience_mismatch'],
    ['any audience, on purpose', { audience: null }, 'good'],
    ['any role', { roles: undefined }, 'good'],
    ['other roles', { roles: ['builder', 'work'] }, 'role_not_allowed'],
    ['the region', { match: { region_id: [DOCUMENT_FIELDS['region-id']] } }, 'good'],
    ['a pattern of regions', { match: { region_id: ['cn-*'] } }, 'good'],
    ['another region', { match: { region_id: ['ap-*'] } }, 'instance_not_matched'],
    [
      'one field that matches and one that does not',
      { match: { region_id: ['cn-*'], instance_id: ['i-other'] } },
      'instance_not_matched',
    ],
    ['every address', { match: { private_ipv4: ['0.0.0.0/0'] } }, 'good'],
    ['another block', { match: { private_ipv4: ['203.0.113.0/24'] } }, 'instance_not_matched'],
    ['the algorithm of the key', { algorithms: ['ES256'] }, 'good'],
    ['other algorithms', { algorithms: ['RS256', 'EdDSA', 'Ed25519'] }, 'algorithm_refused'],
    ['another issuer that has these keys', { issuer: 'https://other.test' }, 'keys_unavailable'],
  ])('with %s says of the good token: %3$s', async (_, more, expected) => {
    expect(await outcome(createTokenVerifier(options(more)), issuer.goodToken())).toBe(expected)
  })

  it('refuses a token that is no text, or of evidence without a challenge', async () => {
    const verifier = createTokenVerifier(options())
    expect(await outcome(verifier, undefined as unknown as string)).toBe('token_malformed')
    expect(await outcome(verifier, issuer.token({ acr: 'x' }))).toBe('acr_mismatch')
  })
})

describe('a verifier of bound tokens', () => {
  const APP = 'https://app.example'
  const PATH = '/a%2Fb/../c'
  const bound = (): string => issuer.token({ cnf: { jkt: key.thumbprint } })
  const proving = (
    more: Partial<TokenVerifierOptions> = {},
    ledger: Ledger | null = createMemoryLedger(0),
  ): TokenVerifier =>
    createTokenVerifier(options({ bound: 'require', proofs: ledger, publicUrl: APP, ...more }))
  const prove = (
    token: string,
    claims: Readonly<Record<string, unknown>> = {},
    by: TestKey = key,
  ): VerifyOptions => ({
    proof: {
      method: 'GET',
      path: PATH,
      value: makeProof(by, ISSUER, 'unused', {
        claims: {
          jti: randomUUID(),
          htm: 'GET',
          htu: `${APP}${PATH}`,
          iat: issuer.now,
          ath: createHash('sha256').update(token).digest('base64url'),
          nonce: undefined,
          ...claims,
        },
      }),
    },
  })

  it('refuses bound tokens by default, also with a good proof', async () => {
    const token = bound()
    const verifier = createTokenVerifier(options())
    expect(verifier.bound).toBe('refuse')
    expect(await outcome(verifier, token)).toBe('bound_token_refused')
    expect(await outcome(verifier, token, prove(token))).toBe('bound_token_refused')
  })

  it('with require admits a bound token with its proof, and no other', async () => {
    const token = bound()
    const verifier = proving()
    expect(await outcome(verifier, token, prove(token))).toBe('good')
    expect(await outcome(verifier, token)).toBe('proof_missing')
    expect(await outcome(verifier, issuer.goodToken())).toBe('binding_required')
  })

  it('with allow admits both, and refuses a proof beside a token that is not bound', async () => {
    const token = bound()
    const verifier = proving({ bound: 'allow' })
    expect(await outcome(verifier, token, prove(token))).toBe('good')
    expect(await outcome(verifier, token)).toBe('proof_missing')
    expect(await outcome(verifier, issuer.goodToken())).toBe('good')
    const good = issuer.goodToken()
    expect(await outcome(verifier, good, prove(good))).toBe('binding_required')
  })

  it.each(['require', 'allow'] as const)('with %s refuses the bad tokens', async (mode) => {
    const verifier = proving({ bound: mode })
    const expected = { ...EXPECTED, 'bound to a key': 'proof_missing' }
    expect(await outcomes(verifier)).toEqual(expected)
  })

  it.each<[TokenErrorCode, string, (token: string) => VerifyOptions]>([
    ['dpop_method_mismatch', 'for another method', (token) => prove(token, { htm: 'POST' })],
    ['dpop_uri_mismatch', 'for another path', (token) => prove(token, { htu: `${APP}/c` })],
    [
      'dpop_uri_mismatch',
      'for another host',
      (token) => prove(token, { htu: `https://evil.example${PATH}` }),
    ],
    ['dpop_token_mismatch', 'for another token', (token) => prove(`${token}x`)],
    ['dpop_token_mismatch', 'without ath', (token) => prove(token, { ath: undefined })],
    ['dpop_not_in_time', 'made 61 s ago', (token) => prove(token, { iat: issuer.now - 61 })],
    ['dpop_malformed', 'without jti', (token) => prove(token, { jti: undefined })],
  ])('refuses as %s a proof %s', async (code, _, shown) => {
    const token = bound()
    expect(await outcome(proving(), token, shown(token))).toBe(code)
  })

  it('refuses a proof by another key than the token is bound to', async () => {
    const token = bound()
    const shown = prove(token, {}, await makeKey())
    expect(await outcome(proving(), token, shown)).toBe('dpop_key_mismatch')
  })

  it('admits one of fifty requests that show one proof at the same time', async () => {
    const token = bound()
    const [verifier, shown] = [proving(), prove(token)]
    const all = await Promise.all(Array.from({ length: 50 }, () => outcome(verifier, token, shown)))
    expect(all.filter((each) => each === 'good')).toHaveLength(1)
    expect(all.filter((each) => each === 'dpop_replayed')).toHaveLength(49)
  })

  it('refuses a replay at another verifier of the same ledger', async () => {
    const token = bound()
    const [ledger, shown] = [createMemoryLedger(0), prove(token)]
    expect(await outcome(proving({}, ledger), token, shown)).toBe('good')
    expect(await outcome(proving({}, ledger), token, shown)).toBe('dpop_replayed')
  })

  it('uses no proof up that comes with a token of another role', async () => {
    const ledger = createMemoryLedger(0)
    const token = bound()
    const shown = prove(token)
    const other = proving({ roles: ['builder'] }, ledger)
    expect(await outcome(other, token, shown)).toBe('role_not_allowed')
    expect(await outcome(proving({}, ledger), token, shown)).toBe('good')
  })

  it('without a ledger, on purpose, admits a proof more than once', async () => {
    const token = bound()
    const [verifier, shown] = [proving({}, null), prove(token)]
    expect(await outcome(verifier, token, shown)).toBe('good')
    expect(await outcome(verifier, token, shown)).toBe('good')
  })

  it('with the ledger of proofs down admits no bound token, and says why', async () => {
    const cause = new LedgerUnavailableError('down')
    const ledger: Ledger = {
      ...createMemoryLedger(0),
      compareAndSet: () => Promise.reject(cause),
    }
    const token = bound()
    await expect(
      proving({}, ledger).verify(token, { now: issuer.now, ...prove(token) }),
    ).rejects.toMatchObject({ code: 'ledger_unavailable', cause })
  })

  it('passes a mistake of the ledger on as it is', async () => {
    const ledger: Ledger = {
      ...createMemoryLedger(0),
      compareAndSet: () => Promise.reject(new TypeError('a bug')),
    }
    const token = bound()
    await expect(outcome(proving({}, ledger), token, prove(token))).rejects.toThrow('a bug')
  })
})
