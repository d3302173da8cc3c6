// What callers of verifyInstanceIdentity() may get wrong: the demand is theirs and required, evidence is
// whatever somebody posted.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  ALIBABA_CLOUD_TRUST_ANCHORS,
  type InstanceIdentity,
  type TrustAnchor,
  parseTrustAnchors,
} from '../../../src/index.ts'
import { WEB_CRYPTO } from '../../../src/base/crypto.ts'
import { NODE_CRYPTO } from '../../../src/node/node-crypto.ts'
import { verifyInstanceIdentity } from '../../support/every-crypto.ts'
import {
  type VerifyInstanceIdentityOptions,
  readVerifyOptions,
} from '../../../src/verify/verify-options.ts'
import {
  type TestCloud,
  documentText,
  sharedTestCloud,
  withAudience,
} from '../../support/test-cloud.ts'

const AUDIENCE = 'a-nonce-of-ours'
const DOCUMENT = documentText()
const NOW = Math.floor(Date.now() / 1000)

let cloud: TestCloud
let trustAnchors: TrustAnchor[]
beforeAll(async () => {
  cloud = await sharedTestCloud()
  trustAnchors = await parseTrustAnchors(cloud.certificatePem)
})

/** As a caller without types calls it. */
const call = verifyInstanceIdentity as (...args: unknown[]) => Promise<InstanceIdentity>
const evidence = (audience = AUDIENCE) => ({
  document: DOCUMENT,
  pkcs7: Buffer.from(cloud.sign(withAudience(DOCUMENT, audience))).toString('base64'),
})

describe('verifyInstanceIdentity() never takes its demand from what was posted', () => {
  it('refuses evidence for another audience that brings that audience with it', async () => {
    const body = { ...evidence('made-for-another-service'), audience: 'made-for-another-service' }
    await expect(call(body, { audience: AUDIENCE, trustAnchors })).rejects.toMatchObject({
      code: 'audience_mismatch',
    })
  })

  it('refuses a body with an audience where none is demanded on purpose or otherwise', async () => {
    const body = { ...evidence(), audience: AUDIENCE }
    await expect(call(body, { trustAnchors })).rejects.toThrow(TypeError)
    await expect(call(body)).rejects.toThrow(TypeError)
  })

  it('does not look at an audience of the body, right or wrong, or of any type', async () => {
    for (const audience of ['wrong', 17, null, { toString: () => AUDIENCE }]) {
      const body = { ...evidence(), audience }
      expect(await call(body, { audience: AUDIENCE, trustAnchors })).toMatchObject({
        audience: AUDIENCE,
      })
    }
  })

  it('uses no audience of the body for detached content', async () => {
    const pkcs7 = cloud.sign(withAudience(DOCUMENT, 'other'), { detached: true })
    const body = { document: DOCUMENT, pkcs7, audience: 'other' }
    for (const audience of [AUDIENCE, null]) {
      await expect(call(body, { audience, trustAnchors })).rejects.toMatchObject({
        code: 'signature_invalid',
      })
    }
  })

  it('checks no freshness for null, and says whom the evidence was made for', async () => {
    expect(await call(evidence('other'), { audience: null, trustAnchors })).toMatchObject({
      audience: 'other',
    })
  })
})

describe('verifyInstanceIdentity() tells of an option that is wrong', () => {
  it.each<[string, () => unknown, typeof TypeError, RegExp]>([
    ['no options', () => undefined, TypeError, /^options: expected \{ audience \}/],
    ['null for options', () => null, TypeError, /^options: /],
    ['an audience for options', () => AUDIENCE, TypeError, /^options: .*got string/],
    [
      'no audience',
      () => ({}),
      TypeError,
      /^audience: .*or null to check no freshness, got undefined/,
    ],
    ['an undefined audience', () => ({ audience: undefined }), TypeError, /^audience: /],
    ['false for an audience', () => ({ audience: false }), TypeError, /^audience: /],
    ['an array of audiences', () => ({ audience: [AUDIENCE] }), TypeError, /^audience: .*an array/],
    [
      'an empty audience',
      () => ({ audience: '' }),
      RangeError,
      /^audience: .*\[A-Za-z0-9_-\]\{1,64\}/,
    ],
    ['an audience too long', () => ({ audience: 'x'.repeat(128) }), RangeError, /128 characters/],
    ['an audience in base64', () => ({ audience: 'ab+/' }), RangeError, /^audience: /],
    [
      'PEM text',
      () => ({ audience: AUDIENCE, trustAnchors: cloud.certificatePem }),
      TypeError,
      /^trustAnchors: .*parseTrustAnchors\(pem\).*got string/,
    ],
    [
      'trust anchors that nobody awaited',
      () => ({ audience: AUDIENCE, trustAnchors: parseTrustAnchors(cloud.certificatePem) }),
      TypeError,
      /^trustAnchors: .*await it/,
    ],
    [
      'an array of PEM texts',
      () => ({ audience: AUDIENCE, trustAnchors: [cloud.certificatePem] }),
      TypeError,
      /^trustAnchors\[0\]: /,
    ],
    [
      'null for trust anchors',
      () => ({ audience: AUDIENCE, trustAnchors: null }),
      TypeError,
      /got null/,
    ],
    [
      'no trust anchor',
      () => ({ audience: AUDIENCE, trustAnchors: [] }),
      RangeError,
      /^trustAnchors: /,
    ],
    [
      'milliseconds',
      () => ({ audience: AUDIENCE, now: Date.now() }),
      RangeError,
      /^now: .*seconds/,
    ],
    ['a Date', () => ({ audience: AUDIENCE, now: new Date() }), TypeError, /^now: .*seconds/],
    [
      'a time that is no number',
      () => ({ audience: AUDIENCE, now: Number.NaN }),
      RangeError,
      /^now: /,
    ],
    [
      'text for allowSha1',
      () => ({ audience: AUDIENCE, allowSha1: 'false' }),
      TypeError,
      /^allowSha1: /,
    ],
  ])('%s', async (_, options, type, message) => {
    const answer = call(evidence(), options())
    await expect(answer).rejects.toThrow(type)
    await expect(answer).rejects.toThrow(message)
  })

  it('and takes what is undefined for the default', async () => {
    const options = { audience: AUDIENCE, trustAnchors, now: undefined, allowSha1: undefined }
    expect(await call(evidence(), options)).toMatchObject({ audience: AUDIENCE })
    expect(await call(evidence(), { ...options, now: NOW })).toMatchObject({ audience: AUDIENCE })
  })
})

describe('verifyInstanceIdentity() refuses as malformed_encoding', () => {
  it.each<[string, () => unknown]>([
    ['an empty object', () => ({})],
    ['undefined', () => undefined],
    ['null', () => null],
    ['a number', () => 17],
    ['text', () => evidence().pkcs7],
    ['an array', () => [evidence()]],
    ['a signature that is a number', () => ({ ...evidence(), pkcs7: 17 })],
    ['a signature that is null', () => ({ ...evidence(), pkcs7: null })],
    ['a signature that is an array of numbers', () => ({ ...evidence(), pkcs7: [48, 130] })],
    ['a signature that is an ArrayBuffer', () => ({ ...evidence(), pkcs7: new ArrayBuffer(8) })],
    ['a signature that is a DataView', () => ({ pkcs7: new DataView(new ArrayBuffer(8)) })],
    [
      'a document that is parsed',
      () => ({ ...evidence(), document: JSON.parse(DOCUMENT) as object }),
    ],
    ['a document that is null', () => ({ ...evidence(), document: null })],
    ['a document that is a number', () => ({ ...evidence(), document: 0 })],
  ])('%s', async (_, posted) => {
    const refusal = { name: 'InstanceIdentityError', code: 'malformed_encoding' }
    await expect(call(posted(), { audience: AUDIENCE, trustAnchors })).rejects.toMatchObject(
      refusal,
    )
    await expect(call(posted(), { audience: null, trustAnchors })).rejects.toMatchObject(refusal)
  })
})

describe('readVerifyOptions()', () => {
  const defaults = {
    trustAnchors: ALIBABA_CLOUD_TRUST_ANCHORS,
    now: NOW,
    allowSha1: true,
    crypto: WEB_CRYPTO,
  }
  const read = (options: object) =>
    readVerifyOptions(options as VerifyInstanceIdentityOptions, defaults)

  it('fills in each default, and none for the audience', () => {
    expect(read({ audience: null })).toEqual({ audience: null, ...defaults })
    const given = {
      audience: AUDIENCE,
      trustAnchors,
      now: 0,
      allowSha1: false,
      crypto: NODE_CRYPTO,
    }
    expect(read({ ...given, unknown: 1 })).toEqual(given)
    expect(() => read({})).toThrow(TypeError)
  })

  it.each([null, {}, 'node:crypto', globalThis.crypto, Promise.resolve(NODE_CRYPTO)])(
    'refuses %s in place of an implementation of cryptography',
    (crypto) => {
      expect(() => read({ audience: null, crypto })).toThrow(
        /^crypto: expected an implementation, such as NODE_CRYPTO, got /,
      )
    },
  )

  it.each([
    ['one character', 'a', undefined],
    ['64 characters', 'a'.repeat(64), undefined],
    ['no character', '', 'got 0 characters'],
    ['65 characters', 'a'.repeat(65), 'got 65 characters'],
    ['a line end', `a\n`, 'got 2 characters'],
  ])('judges an audience of %s', (_, audience, message) => {
    if (message === undefined) expect(read({ audience })).toMatchObject({ audience })
    else expect(() => read({ audience })).toThrow(new RangeError(audienceProblem(message)))
  })

  const audienceProblem = (end: string): string =>
    `audience: expected [A-Za-z0-9_-]{1,64}, since no document carries anything else; ${end}`

  it.each([
    ['the first second', 0, undefined],
    ['half a second', 0.5, undefined],
    ['the last time in seconds', 1e11, undefined],
    ['the second before the first', -1, 'now: expected Unix seconds, 0 or later, got -1'],
    ['infinity before it', -Infinity, 'now: expected Unix seconds, 0 or later, got -Infinity'],
    [
      'one above the last',
      1e11 + 1,
      'now: expected Unix seconds, got 100000000001, which looks like milliseconds',
    ],
    [
      'infinity',
      Infinity,
      'now: expected Unix seconds, got Infinity, which looks like milliseconds',
    ],
  ])('judges %s', (_, now, message) => {
    if (message === undefined) expect(read({ audience: null, now })).toMatchObject({ now })
    else expect(() => read({ audience: null, now })).toThrow(new RangeError(message))
  })

  it.each(['issuer', 'serialNumber', 'publicKey', 'notBefore', 'notAfter'])(
    'refuses a trust anchor without %s, and says which one',
    (member) => {
      const [anchor] = trustAnchors
      const broken = { ...anchor, [member]: undefined }
      expect(() => read({ audience: null, trustAnchors: [anchor, broken] })).toThrow(
        new TypeError('trustAnchors[1]: expected a trust anchor, got object'),
      )
    },
  )
})
