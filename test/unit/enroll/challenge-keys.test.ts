// The keys that challenges are made with: derived from signing keys, or a set of their own; never readable.

import { createHmac, hkdfSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Mac } from '../../../src/base/crypto.ts'
import {
  CHALLENGE_KEY_BYTES,
  deriveChallengeKeys,
  loadChallengeKeys,
} from '../../../src/enroll/challenge-keys.ts'
import { CRYPTO_PORTS } from '../../support/every-crypto.ts'

const SECRETS = [new Uint8Array(32).fill(1), new Uint8Array(256).fill(2)]
const MESSAGE = new TextEncoder().encode('message')

const macsOf = async (keys: readonly Mac[]): Promise<string[]> =>
  Promise.all(keys.map(async (mac) => Buffer.from(await mac(MESSAGE)).toString('hex')))
const macBy = (raw: Uint8Array): string => createHmac('sha256', raw).update(MESSAGE).digest('hex')

describe.each(CRYPTO_PORTS)('with %s', (_, crypto) => {
  describe('loadChallengeKeys()', () => {
    it('gives a MAC for each secret, in their order', async () => {
      const raw = SECRETS.map((secret) => secret.slice(0, CHALLENGE_KEY_BYTES))
      expect(await macsOf(await loadChallengeKeys(raw, crypto))).toEqual(raw.map(macBy))
      expect(await loadChallengeKeys([], crypto)).toEqual([])
    })

    it('gives functions without a member that could hold a key', async () => {
      const keys = [
        ...(await loadChallengeKeys([SECRETS[0] as Uint8Array<ArrayBuffer>], crypto)),
        ...(await deriveChallengeKeys(SECRETS, crypto)),
      ]
      for (const key of keys) {
        expect(
          Reflect.ownKeys(key).filter((name) => !['length', 'name'].includes(String(name))),
        ).toEqual([])
      }
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
      expect(await macsOf(await deriveChallengeKeys(SECRETS, crypto))).toEqual(raw.map(macBy))
    })
  })
})
