// What must hold of every relying party, with any signing key, for any way to a token that it admits.

import { type TestContext, expect, it } from 'vitest'
import {
  VERIFYING_PARTIES,
  type VerifyingParty,
  expectedStatus,
} from '../../generate/relying-parties.ts'
import { BAD_TOKEN_NAMES, makeBadTokens, resignToken } from '../../support/bad-tokens.ts'
import { changeHeader } from './issuer.ts'
import { type RunningParty, statusOf } from './parties.ts'

/** What the tests need. */
export interface Judged {
  /** Gives a fresh token that every relying party has to admit. */
  getToken(): Promise<string>
  /** The private JWKS of the issuer; its first key signs. */
  privateKeys(): string
  partyOf(name: VerifyingParty, context: TestContext): RunningParty
}

/** Declares the tests. */
export const judgesTokens = ({ getToken, partyOf, privateKeys }: Judged): void => {
  const tokenSource = async () => ({
    goodToken: await getToken(),
    privateKeys: privateKeys(),
  })

  it.for(VERIFYING_PARTIES)('%s admits a token of its audience', async (name, context) => {
    const party = partyOf(name, context)
    const answer = await party.show(await getToken())
    expect(answer.status, party.said()).toBe(200)
    expect(await answer.text()).toMatch(/^i-[a-z0-9]+\n$/)
  })

  it.for(VERIFYING_PARTIES)('%s answers the bad tokens as its page says', async (name, context) => {
    const party = partyOf(name, context)
    const answers: Record<string, number> = {}
    for (const [bad, token] of makeBadTokens(await tokenSource())) {
      answers[bad] = await statusOf(party, token)
    }
    expect(answers).toEqual(
      Object.fromEntries(BAD_TOKEN_NAMES.map((bad) => [bad, expectedStatus(name, bad)])),
    )
  })

  it.for(VERIFYING_PARTIES)(
    '%s admits a token that was issued 20 s in its future',
    async (name, context) => {
      const iat = Math.floor(Date.now() / 1000) + 20
      const token = resignToken(await tokenSource(), { iat, nbf: iat - 30, exp: iat + 300 })
      expect(await statusOf(partyOf(name, context), token)).toBe(200)
    },
  )

  it.for(VERIFYING_PARTIES)(
    '%s answers 401 to a token that names an algorithm of another type of key',
    async (name, context) => {
      const token = changeHeader(await getToken(), ({ alg }) => ({
        alg: alg === 'ES256' ? 'RS256' : 'ES256',
      }))
      expect(await statusOf(partyOf(name, context), token)).toBe(401)
    },
  )

  it.for(VERIFYING_PARTIES)(
    '%s writes one line about a token whose kid has line ends',
    async (name, context) => {
      const party = partyOf(name, context)
      const kid = 'x\nforged line\r\nforged line'
      const token = changeHeader(await getToken(), () => ({ kid }))
      expect(await statusOf(party, token)).toBe(401)
      expect(party.said()).not.toMatch(/^forged line/m)
    },
  )

  it.for(VERIFYING_PARTIES)(
    '%s answers 401 to a text that is not a token',
    async (name, context) => {
      const party = partyOf(name, context)
      for (const text of ['x', 'a.b.c', '..', 'bm9uZQ.bm9uZQ.bm9uZQ', '{}.{}.{}']) {
        expect(await statusOf(party, text), text).toBe(401)
      }
    },
  )
}
