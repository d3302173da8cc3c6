// What another release wrote into the ledger: it is never taken for something else, gives no token, and the
// operator reads which format was found.

import { describe, expect, it } from 'vitest'
import { banKey, listBans } from '../../../src/registry/bans.ts'
import { encodeStored } from '../../../src/base/stored-format.ts'
import { decodeStored } from '../../../src/registry/format.ts'
import { instanceKey } from '../../../src/registry/instance-record.ts'
import { WEB_CRYPTO } from '../../../src/base/crypto.ts'
import { LedgerFormatError } from '../../../src/base/errors.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { createService } from '../../../src/service.ts'
import { ISSUER, createTestEnroller } from '../../support/test-enroller.ts'
import { ACCOUNT, NAME, now, createWatchedEnroller } from '../../support/watched-enroller.ts'

const FOREIGN = ['2 next', '01 x', '1', '1x', 'x', '{}', '']

describe('decodeStored()', () => {
  it('gives back what encodeStored() was given', () => {
    for (const text of ['', ' ', 'a b\nc', '1 2'])
      expect(decodeStored(encodeStored(text))).toBe(text)
  })

  it.each(FOREIGN)('refuses %j', (value) => {
    expect(() => decodeStored(value)).toThrow(LedgerFormatError)
  })

  it('names the format that it found and what to do', () => {
    expect(() => decodeStored('12 x')).toThrow(/format 12, .* reads format 1: run a release that/)
  })
})

describe('an entry of another release', () => {
  /** Puts a value under the keys of one kind, once something has been stored there by this release. */
  const kinds: Readonly<Record<string, (jti: string) => string>> = {
    'the instance’s record': () => instanceKey(NAME),
    'a ban of its account': () => banKey('account', ACCOUNT),
    'the revocation of its token': (jti) => `revoked:${jti}`,
  }

  it.each(Object.entries(kinds))('as %s gives a retry 503 and no token', async (_, keyOf) => {
    for (const value of FOREIGN) {
      const { begin, store } = await createWatchedEnroller()
      const post = await begin('always')
      const { facts } = await post()
      const key = keyOf(String(facts.jti))
      await store.compareAndSet({ key, value }, await store.read(key, now), now)
      expect([value, await post()]).toMatchObject([
        value,
        { ok: false, code: 'unavailable', facts: { reason: 'ledger_format_unknown' } },
      ])
    }
  })

  it('as a spent challenge gives 503 and no token', async () => {
    const memory = createMemoryLedger(0)
    const store: Ledger = {
      ...memory,
      compareAndSet: async (entry, expected, at) =>
        entry.key.startsWith('challenge:')
          ? { stored: false, value: '2 spent' }
          : memory.compareAndSet(entry, expected, at),
    }
    const { begin } = await createWatchedEnroller(store)
    expect(await (await begin('always'))()).toMatchObject({ code: 'unavailable' })
  })

  it('is an error in a list, too', async () => {
    const store = createMemoryLedger(0)
    await store.compareAndSet({ key: banKey('image', 'm-1'), value: '{}' }, undefined, now)
    await expect(listBans(store, { limit: 10 }, now)).rejects.toThrow(LedgerFormatError)
  })

  it('is reported to the operator, once, with the format that was found', async () => {
    const ledger = createMemoryLedger(0)
    const { options, evidence } = await createTestEnroller({ ledger })
    const said: string[] = []
    const rest = {
      ledger: { kind: 'memory' as const },
      host: 'localhost',
      port: 0,
      warnings: [],
      proxies: [],
      auditAuthorize: false,
      crypto: WEB_CRYPTO,
      importKeys: 'at start' as const,
    }
    const config = {
      ...options,
      ...rest,
      challengeKeys: undefined,
      operatorKeys: undefined,
      relyingPartyKeys: undefined,
      kubernetes: undefined,
    }
    const service = await createService({
      config: { ...config, ledger: rest.ledger },
      ledger,
      report: (line) => said.push(line),
      audit: () => undefined,
      clock: () => now,
    })
    const post = async (path: string, fields: Record<string, string> = {}) =>
      service.fetch(
        new Request(ISSUER + path, { method: 'POST', body: new URLSearchParams(fields) }),
      )
    await ledger.compareAndSet({ key: banKey('account', ACCOUNT), value: '2 x' }, undefined, now)
    for (let i = 0; i < 2; i++) {
      const { audience } = (await (await post('/v1/challenge')).json()) as { audience: string }
      expect((await post('/v1/enroll', evidence(audience))).status).toBe(503)
    }
    expect(said).toEqual([expect.stringContaining('format 2')])
  })
})
