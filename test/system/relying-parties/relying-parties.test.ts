// Real relying parties, as the pages of docs/use/ configure them: what they admit and refuse before, during and after a
// rotation of the signing keys from ES256 to RS256.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type TestContext, afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { DpopKey } from '../../../src/client/index.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import {
  ADMITTED,
  KEEPS_KEYS_OF_UNREACHABLE,
  KEEPS_REMOVED_KEYS,
  REFUSED_BY_PROGRAM,
  VERIFYING_PARTIES,
  type VerifyingParty,
} from '../../generate/relying-parties.ts'
import { makeBadTokens, resignToken } from '../../support/bad-tokens.ts'
import { claimsOf } from '../../support/http.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import { BOUND_AUDIENCE, CACHE_SECONDS, type Issuer, newDpopKey, startIssuer } from './issuer.ts'
import { judgesTokens } from './judges-tokens.ts'
import {
  type RunningParty,
  type StartedParty,
  requireParty,
  startParty,
  statusOf,
} from './parties.ts'
import { type Watched, watchDuring } from './watch-during.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-relying-parties-'))
const [es256 = {}] = (await generateSigningKeys('ES256')).keys
const [rs256 = {}] = (await generateSigningKeys('RS256')).keys
let issuer: Issuer
let parties: ReadonlyMap<VerifyingParty, PromiseSettledResult<StartedParty>> = new Map()

const partyOf = (name: VerifyingParty, context: TestContext): RunningParty => {
  const party = parties.get(name)
  if (party?.status !== 'fulfilled') throw party?.reason
  return requireParty(context, party.value)
}

/** The issuer has TLS by a CA that openssl makes. Without it every test is skipped. */
const hasOpenssl = findTool('openssl') !== undefined
beforeEach((context) => void requireTool(context, 'openssl', 'apt-get install openssl'))

/** Prepares the tests of a file or a `describe`, unless they are all skipped. */
const prepare = (work: () => Promise<void>): void =>
  beforeAll(async () => {
    if (hasOpenssl) await work()
  })

/** Those that run. */
const running = (): Map<VerifyingParty, RunningParty> =>
  new Map(
    [...parties].flatMap(([name, party]) =>
      party.status === 'fulfilled' && 'show' in party.value ? [[name, party.value]] : [],
    ),
  )

prepare(async () => {
  issuer = await startIssuer(folder, [es256])
  const started = await Promise.allSettled(
    VERIFYING_PARTIES.map((name) => startParty(name, issuer)),
  )
  parties = new Map(started.map((party, at) => [VERIFYING_PARTIES[at] as VerifyingParty, party]))
})

afterAll(async () => {
  for (const { stop } of running().values()) await stop()
  await issuer?.close()
  rmSync(folder, { recursive: true })
})

/** Longer than any of them keeps the keys, as the ten minutes in which an operator stages a key. */
const untilCachesEnd = (): Promise<void> => wait((CACHE_SECONDS + 0.5) * 1000)

const judge = (getToken: () => Promise<string>): void =>
  judgesTokens({ getToken, partyOf, privateKeys: () => issuer.privateKeys() })

describe('relying parties of tokens by ES256', () => judge(() => issuer.token()))

describe('the libraries of relying parties, without the checks of the programs', () => {
  it.for(VERIFYING_PARTIES)(
    '%s needs its program for the bad tokens that its page says',
    async (name, context) => {
      partyOf(name, context)
      const bare = requireParty(context, await startParty(name, issuer, { isBare: true }))
      context.onTestFinished(async () => void (await bare.stop()))
      const admitted: string[] = []
      const source = { goodToken: await issuer.token(), privateKeys: issuer.privateKeys() }
      for (const [bad, token] of makeBadTokens(source)) {
        if ((await statusOf(bare, token)) === 200) admitted.push(bad)
      }
      const expected = [...ADMITTED[name], ...REFUSED_BY_PROGRAM[name]]
      expect(admitted.toSorted()).toEqual(expected.toSorted())
    },
  )
})

describe('relying parties of one account and region', () => {
  it.for(VERIFYING_PARTIES)('%s admits no other account and region', async (name, context) => {
    partyOf(name, context)
    const source = { goodToken: await issuer.token(), privateKeys: issuer.privateKeys() }
    const { ecs } = claimsOf(source.goodToken) as { ecs: Readonly<Record<string, string>> }
    const admitted = {
      account: ['1', ecs['owner_account_id'] ?? ''],
      region: [ecs['region_id'] ?? '', 'cn-other'],
    }
    const party = requireParty(context, await startParty(name, issuer, admitted))
    context.onTestFinished(async () => void (await party.stop()))
    const statusWith = (change: object): Promise<number> =>
      statusOf(party, resignToken(source, { ecs: { ...ecs, ...change } }))
    expect(await statusWith({}), party.said()).toBe(200)
    expect(await statusWith({ owner_account_id: '2' })).toBe(403)
    expect(await statusWith({ region_id: 'cn-third' })).toBe(403)
  })
})

describe('relying parties while the issuer is unreachable', () => {
  let token = ''

  prepare(async () => {
    token = await issuer.token()
    issuer.setReachable(false)
    await untilCachesEnd()
  })
  afterAll(() => issuer?.setReachable(true))

  it.for(VERIFYING_PARTIES)(
    '%s answers a good token as its page says, once its keys are old',
    async (name, context) => {
      const expected = KEEPS_KEYS_OF_UNREACHABLE.includes(name) ? 200 : 401
      expect(await statusOf(partyOf(name, context), token)).toBe(expected)
    },
  )
})

describe('relying parties in a staged rotation', () => {
  let oldToken = ''
  let watched: Watched

  prepare(async () => {
    oldToken = await issuer.token()
    watched = await watchDuring(
      running(),
      () => issuer.token(),
      async () => {
        await issuer.takeOver([es256, rs256])
        await untilCachesEnd()
        await issuer.takeOver([rs256, es256])
        await untilCachesEnd()
      },
    )
  })

  it.for(VERIFYING_PARTIES)('%s admits every token', (name, context) => {
    partyOf(name, context)
    expect(watched.shown).toBeGreaterThan(10)
    expect(watched.refusals.get(name)).toEqual([])
  })

  it.for(VERIFYING_PARTIES)(
    '%s still admits a token of the old key, which is published',
    async (name, context) => {
      expect(await statusOf(partyOf(name, context), oldToken)).toBe(200)
    },
  )

  describe('by the new key, RS256', () => judge(() => issuer.token()))

  describe('after the old key was removed', () => {
    prepare(async () => {
      await issuer.takeOver([rs256])
      await untilCachesEnd()
    })

    it.for(VERIFYING_PARTIES)('%s admits a token of the new key', async (name, context) => {
      expect(await statusOf(partyOf(name, context), await issuer.token())).toBe(200)
    })

    it.for(VERIFYING_PARTIES)(
      '%s answers a token of the old key as its page says',
      async (name, context) => {
        const expected = KEEPS_REMOVED_KEYS.includes(name) ? 200 : 401
        expect(await statusOf(partyOf(name, context), oldToken)).toBe(expected)
      },
    )
  })
})

describe('relying parties of exchanged tokens', () => {
  let dpopKey: DpopKey
  let boundToken = ''
  let express: StartedParty

  prepare(async () => {
    dpopKey = await newDpopKey()
    await issuer.takeOver([es256, rs256], 'bound')
    boundToken = await issuer.token(dpopKey)
    express = await startParty('express-oauth2-jwt-bearer', issuer, {
      audience: BOUND_AUDIENCE,
    })
  })

  afterAll(async () => {
    if (express !== undefined && 'stop' in express) await express.stop()
  })

  judge(async () => issuer.exchange(await issuer.token(dpopKey), dpopKey))

  it.for(VERIFYING_PARTIES)('%s refuses the bound token itself', async (name, context) => {
    expect(await statusOf(partyOf(name, context), boundToken)).toBe(401)
  })

  describe('express-oauth2-jwt-bearer with the audience of bound tokens', () => {
    const show = async (proof: string | undefined, context: TestContext): Promise<number> => {
      const { url } = requireParty(context, express)
      const headers = { Authorization: `DPoP ${boundToken}`, ...(proof && { DPoP: proof }) }
      return (await fetch(url, { headers })).status
    }
    const proveFor = (context: TestContext, key: DpopKey, change: object = {}): Promise<string> =>
      key.prove({
        method: 'GET',
        uri: `${requireParty(context, express).url}/`,
        accessToken: boundToken,
        now: Date.now() / 1000,
        ...change,
      })

    it('admits a bound token with its proof', async (context) => {
      expect(await show(await proveFor(context, dpopKey), context)).toBe(200)
    })

    it('refuses a stolen token, without a proof and with a proof by another key', async (context) => {
      expect(await statusOf(requireParty(context, express), boundToken)).toBe(401)
      expect(await show(undefined, context)).toBe(400)
      expect(await show(await proveFor(context, await newDpopKey()), context)).toBe(401)
    })

    it.for([
      ['method', { method: 'POST' }],
      ['address', { uri: 'https://another.example/' }],
      ['token', { accessToken: 'another' }],
      ['time', { now: Date.now() / 1000 - 310 }],
    ] as const)('refuses a proof for another %s', async ([, change], context) => {
      expect(await show(await proveFor(context, dpopKey, change), context)).toBe(400)
    })

    it('admits a copied proof, as its page says', async (context) => {
      const proof = await proveFor(context, dpopKey)
      expect(await show(proof, context)).toBe(200)
      expect(await show(proof, context)).toBe(200)
    })
  })
})
