// The keys that challenges are made with: derived from signing keys, or a set of their own; never readable.

import { createHmac, hkdfSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  CHALLENGE_KEY_BYTES,
  deriveChallengeKeys,
  importChallengeKeys,
} from '../../../src/enroll/challenge-keys.ts'

const SECRETS = [new Uint8Array(32).fill(1), new Uint8Array(256).fill(2)]
const MESSAGE = new TextEncoder().encode('message')

const macsOf = async (keys: readonly CryptoKey[]): Promise<string[]> =>
  Promise.all(
    keys.map(async (key) =>
      Buffer.from(await crypto.subtle.sign('HMAC', key, MESSAGE)).toString('hex'),
    ),
  )
const macBy = (raw: Uint8Array): string => createHmac('sha256', raw).update(MESSAGE).digest('hex')

describe('importChallengeKeys()', () => {
  it('gives a key for each secret, in their order', async () => {
    const raw = SECRETS.map((secret) => secret.slice(0, CHALLENGE_KEY_BYTES))
    expect(await macsOf(await importChallengeKeys(raw))).toEqual(raw.map(macBy))
    expect(await importChallengeKeys([])).toEqual([])
  })
})

describe('deriveChallengeKeys()', () => {
  it('gives HKDF-SHA-256 of each private key, in their order, whatever its length', async () => {
    const raw = SECRETS.map(
      (secret) =>
        new Uint8Array(
          hkdfSync('sha256', secret, '', 'rollcall-challenge-v1', CHALLENGE_KEY_BYTES),
        ),
    )
    expect(await macsOf(await deriveChallengeKeys(SECRETS))).toEqual(raw.map(macBy))
  })
})

describe('a challenge key', () => {
  it.each([
    ['imported', importChallengeKeys],
    ['derived', deriveChallengeKeys],
  ])('that was %s makes MACs and does nothing else', async (_, make) => {
    for (const key of await make(SECRETS)) {
      expect(key).toMatchObject({ type: 'secret', extractable: false, usages: ['sign'] })
      await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
    }
  })
})
