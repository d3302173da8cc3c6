// Properties that must hold for any bytes: nothing but the coded error is ever thrown, and no change
// of evidence gives another identity.

import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { readCertificate } from '../../../src/codec/certificate.ts'
import { derReader } from '../../../src/codec/der.ts'
import { readIdentityDocument } from '../../../src/codec/identity-document.ts'
import { decodeCertificates, decodePkcs7 } from '../../../src/codec/pem.ts'
import { readSignedData } from '../../../src/codec/signed-data.ts'
import {
  type InstanceIdentity,
  InstanceIdentityError,
  type TrustAnchor,
  parseTrustAnchors,
} from '../../../src/index.ts'
import { verifyInstanceIdentity } from '../../support/every-crypto.ts'
import { createTrustAnchor } from '../../../src/verify/trust-anchor.ts'
import { documentText, sharedTestCloud, withAudience } from '../../support/test-cloud.ts'

const AUDIENCE = 'a-nonce'
const SEED = 20_261_123

let trustAnchors: readonly TrustAnchor[]
let good: Uint8Array
let identity: InstanceIdentity
beforeAll(async () => {
  const cloud = await sharedTestCloud()
  trustAnchors = await parseTrustAnchors(cloud.certificatePem)
  good = cloud.sign(withAudience(documentText(), AUDIENCE))
  identity = await verifyInstanceIdentity({ pkcs7: good }, { audience: AUDIENCE, trustAnchors })
})

/** The identity, or `undefined` if it was refused with the coded error; anything else is thrown. */
const judge = (pkcs7: string | Uint8Array): Promise<InstanceIdentity | undefined> =>
  verifyInstanceIdentity({ pkcs7 }, { audience: AUDIENCE, trustAnchors }).catch(
    (error: unknown) => {
      if (error instanceof InstanceIdentityError) return undefined
      throw error
    },
  )

describe('verifyInstanceIdentity()', () => {
  it('refuses every change of a single byte, or gives the identical identity', async () => {
    let accepted = 0
    for (let at = 0; at < good.length; at++) {
      for (const change of [0x01, 0x80, 0xff, 0x20]) {
        const changed = Uint8Array.from(good)
        changed[at] = (changed[at] as number) ^ change
        const result = await judge(changed)
        if (result === undefined) continue
        accepted++
        expect(result, `byte ${at}`).toEqual(identity)
      }
    }
    expect(accepted).toBeLessThan(good.length)
  })

  it('refuses every truncation', async () => {
    for (let length = 0; length < good.length; length++) {
      expect(await judge(good.subarray(0, length)), `${length} bytes`).toBeUndefined()
    }
  })

  it('throws nothing but the coded error for random bytes and texts', async () => {
    const bytes = fc.uint8Array({ maxLength: 600 })
    // Any UTF-16 code units, lone surrogates among them; drawn as numbers, since texts are drawn slowly.
    const texts = fc.uint16Array({ maxLength: 600 }).map((units) => String.fromCharCode(...units))
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes, texts), async (pkcs7) => {
        expect(await judge(pkcs7)).toBeUndefined()
      }),
      { seed: SEED, numRuns: 2000 },
    )
  })

  it('throws nothing but the coded error for random bytes put into good evidence', async () => {
    const splice = fc.record({
      at: fc.nat({ max: 900 }),
      remove: fc.nat({ max: 20 }),
      insert: fc.uint8Array({ maxLength: 20 }),
    })
    await fc.assert(
      fc.asyncProperty(splice, async ({ at, remove, insert }) => {
        const bytes = [...good]
        bytes.splice(at, remove, ...insert)
        const result = await judge(Uint8Array.from(bytes))
        if (result !== undefined) expect(result).toEqual(identity)
      }),
      { seed: SEED, numRuns: 2000 },
    )
  })
})

describe('each reader', () => {
  it.each<[string, (bytes: Uint8Array) => unknown]>([
    ['readSignedData()', readSignedData],
    ['readCertificate()', (bytes) => readCertificate(derReader(bytes))],
    ['createTrustAnchor()', createTrustAnchor],
    ['readIdentityDocument()', readIdentityDocument],
    ['decodePkcs7()', (bytes) => decodePkcs7(String.fromCharCode(...bytes))],
    ['decodeCertificates()', (bytes) => decodeCertificates(String.fromCharCode(...bytes))],
  ])('throws nothing but the coded error: %s', (_, read) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          read(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(InstanceIdentityError)
        }
      }),
      { seed: SEED, numRuns: 3000 },
    )
  })
})
