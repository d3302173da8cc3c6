// What introspection says of bad tokens, to an operator and to a relying party: before, during and after a rotation of
// the signing keys, and of tokens from a clock that is ahead.

import { describe, expect, it } from 'vitest'
import { createMemoryLedger } from '../../../../src/ledger/memory.ts'
import { generateSigningKeys } from '../../../../src/token/generate.ts'
import { BAD_TOKENS, makeBadTokens, resignToken } from '../../../support/bad-tokens.ts'
import { claimsOf } from '../../../support/http.ts'
import {
  type IntrospectingService,
  PLAIN,
  createIntrospectingService,
  makeRelyingParties,
} from '../../../support/introspecting.ts'

/** What an operator and the relying party of the audience {@link PLAIN} learn of a token. */
const asked = async (
  service: IntrospectingService,
  token: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> => {
  const answer = await service.operate('POST', '/v1/introspect', { token })
  expect(answer.status).toBe(200)
  return [(await answer.json()) as Record<string, unknown>, await service.active(token)]
}

const INACTIVE = { active: false }

/** Looks at the good token, and at all bad ones made from it. @param jwks the signer first */
const expectAnswers = async (
  service: IntrospectingService,
  goodToken: string,
  jwks: object,
): Promise<void> => {
  const source = { goodToken, privateKeys: JSON.stringify(jwks) }
  const good = { active: true, token_type: 'Bearer', ...claimsOf(goodToken) }
  expect(await asked(service, goodToken)).toEqual([good, good])
  // From a clock that is 20 seconds ahead: the service takes its own tokens, and those of its other processes.
  const ahead = resignToken(source, { iat: service.now + 20, nbf: service.now + 20 })
  expect(await asked(service, ahead)).toMatchObject([{ active: true }, { active: true }])
  const tooFar = resignToken(source, { iat: service.now + 31, nbf: service.now + 31 })
  expect(await asked(service, tooFar)).toEqual([INACTIVE, INACTIVE])

  for (const [name, token, needsProof] of makeBadTokens(source)) {
    const [operator, party] = await asked(service, token)
    const active = BAD_TOKENS[name].active === true
    // The claims tell what is left to check: the audience, the role and the key.
    const shown = { token_type: needsProof ? 'DPoP' : 'Bearer', ...(active && claimsOf(token)) }
    expect([name, operator]).toEqual([name, active ? { active, ...shown } : INACTIVE])
    const isForParty = active && (claimsOf(token)['aud'] as readonly string[]).includes(PLAIN)
    expect([name, party]).toEqual([name, isForParty ? { active, ...shown } : INACTIVE])
  }
}

describe('introspection of the bad tokens', () => {
  it('says the same before, during and after a rotation of the signing keys', async () => {
    const [old] = (await generateSigningKeys('ES256')).keys
    const [next] = (await generateSigningKeys('ES256')).keys
    const { d: _, ...oldPublic } = old ?? {}
    const ledger = createMemoryLedger(0)
    const { jwks: relyingParties, parties } = await makeRelyingParties({ plain: [PLAIN] })
    let tokenOfOld = ''
    for (const [step, keys, isOldPublished] of [
      ['before', [old], true],
      ['staged', [old, next], true],
      ['during', [next, oldPublic], true],
      ['after', [next], false],
    ] as const) {
      const service = await createIntrospectingService({
        ledger,
        variables: {
          ROLLCALL_SIGNING_KEYS: JSON.stringify({ keys }),
          ROLLCALL_RELYING_PARTY_KEYS: relyingParties,
        },
      })
      Object.assign(service.parties, parties)
      const token = await service.enroll('keyless')
      if (step === 'before') tokenOfOld = token
      await expectAnswers(service, token, { keys })
      const ofOld = await asked(service, tokenOfOld)
      expect([step, ofOld.map(({ active }) => active)]).toEqual([
        step,
        [isOldPublished, isOldPublished],
      ])
    }
  })

  it.each(['RS256', 'EdDSA'] as const)('says the same with keys of %s', async (alg) => {
    const jwks = await generateSigningKeys(alg)
    const service = await createIntrospectingService({
      variables: { ROLLCALL_SIGNING_KEYS: JSON.stringify(jwks) },
    })
    await expectAnswers(service, await service.enroll('keyless'), jwks)
  })
})
