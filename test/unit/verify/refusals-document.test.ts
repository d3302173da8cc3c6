// What must be refused about the document, and about the audience in it. Each test starts from a
// document that is accepted and changes one thing; the changed content is truly signed, as if the
// cloud had been talked into signing it.

import { beforeAll, describe, expect, it } from 'vitest'
import { type TrustAnchor, parseTrustAnchors } from '../../../src/index.ts'
import { verifyInstanceIdentity } from '../../support/every-crypto.ts'
import {
  DOCUMENT_FIELDS,
  type TestCloud,
  documentText,
  sharedTestCloud,
  withAudience,
} from '../../support/test-cloud.ts'

const AUDIENCE = 'a-nonce-of-this-service'
const INSTANCE = DOCUMENT_FIELDS['instance-id']

let cloud: TestCloud
let trustAnchors: readonly TrustAnchor[]
beforeAll(async () => {
  cloud = await sharedTestCloud()
  trustAnchors = await parseTrustAnchors(cloud.certificatePem)
})

const verify = (content: string | Uint8Array, audience?: string) =>
  verifyInstanceIdentity(
    { pkcs7: cloud.sign(content) },
    { audience: audience ?? null, trustAnchors },
  )
const good = (): string => withAudience(documentText(), AUDIENCE)
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('verifyInstanceIdentity()', () => {
  it('accepts the document that the refusals start from', async () => {
    expect(await verify(good(), AUDIENCE)).toMatchObject({ instanceId: INSTANCE })
  })

  const replaced = (from: string, to: string) => (text: string) => {
    expect(text).toContain(from)
    return text.replace(from, to)
  }
  const added = (member: string) => (text: string) => text.replace('{', `{${member},`)

  it.each<[string, (text: string) => string | Uint8Array]>([
    ['a key that is there twice', added('"instance-id":"i-victim"')],
    ['a key that is there twice, once by escape', added('"instance\\u002did":"i-victim"')],
    [
      'a key after the audience, put in through an audience that was not escaped',
      (text) => text.replace(`"${AUDIENCE}"`, `"${AUDIENCE}","instance-id":"i-victim"`),
    ],
    ['an unknown key after the audience', (text) => text.replace(/}$/, ',"x":"y"}')],
    ['an alias in place of the real key', replaced('"owner-account-id"', '"account-id"')],
    ['more unknown keys than four', added('"a":"1","b":"2","c":"3","d":"4","e":"5"')],
    ['an unknown key that is there twice', added('"a":"1","a":"2"')],
    ['an unknown key with a name out of bounds', added(`"${'a'.repeat(33)}":"1"`)],
    ['an unknown key with upper case in its name', added('"createTime":"1"')],
    ['an unknown key with a value out of bounds', added(`"a":"${'1'.repeat(65)}"`)],
    ['nesting', added('"a":{"b":"c"}')],
    ['arrays', added('"a":["b"]')],
    ['numbers', replaced(`"${DOCUMENT_FIELDS['owner-account-id']}"`, '1609123456789012')],
    ['null in place of a string', replaced(`"${INSTANCE}"`, 'null')],
    ['a missing field', (text) => text.replace(/"mac":"[^"]*",/, '')],
    ['an empty object', () => '{}'],
    ['__proto__', added('"__proto__":"x"')],
    ['a byte order mark', (text) => `\ufeff${text}`],
    ['a NUL', replaced(INSTANCE, `${INSTANCE}\u0000`)],
    ['an escaped NUL', replaced(INSTANCE, `${INSTANCE}\\u0000`)],
    [
      'invalid UTF-8',
      (text) => {
        const bytes = bytesOf(text)
        bytes[text.indexOf(INSTANCE)] = 0xff
        return bytes
      },
    ],
    ['text after the last brace', (text) => `${text}x`],
    ['a second object after the first', (text) => `${text}{}`],
    ['a line end after the last brace', (text) => `${text}\n`],
    ['white space before a value', replaced(':"', ': "')],
    ['white space between members', replaced('","', '", "')],
    ['a space inside of the first brace', replaced('{', '{ ')],
    ['mixed case in a key', replaced('"instance-id"', '"Instance-Id"')],
    ['mixed case in a value', replaced(INSTANCE, INSTANCE.toUpperCase())],
    ['a homoglyph in a key', replaced('"instance-id"', '"іnstance-id"')],
    ['a homoglyph in a value', replaced('i-bp1', 'і-bp1')],
    ['a trailing comma', (text) => text.replace(/}$/, ',}')],
    ['single quotes', (text) => text.replaceAll('"', "'")],
    ['more than 1,024 bytes', added(`"a":"${'x'.repeat(700)}"`)],
  ])('refuses a document with %s', async (_, change) => {
    const content = change(good())
    const refusal = { code: 'document_malformed' }
    await expect(verify(content)).rejects.toMatchObject(refusal)
    await expect(verify(content, AUDIENCE)).rejects.toMatchObject(refusal)
  })

  it('accepts the longest document that the patterns allow, 997 bytes', async () => {
    const longest = documentText({
      'image-id': 'i'.repeat(96),
      'instance-type': 'e'.repeat(48),
      'region-id': 'r'.repeat(40),
      'zone-id': 'z'.repeat(40),
      'serial-number': 's'.repeat(48),
      'instance-id': `i-${'a'.repeat(40)}`,
      'owner-account-id': '1'.repeat(20),
    })
    const names = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(32))
    const unknown = names.map((name) => `"${name}":"${'x'.repeat(64)}"`).join(',')
    const audience = 'x'.repeat(64)
    const content = withAudience(longest.replace('{', `{${unknown},`), audience)
    expect(content).toHaveLength(997)
    expect(await verify(content, audience)).toMatchObject({ audience, unknownFields: names })
  })

  it.each([
    ['owner-account-id', 'a'],
    ['owner-account-id', '1'.repeat(21)],
    ['owner-account-id', ''],
    ['instance-id', 'i_bp1'],
    ['instance-id', 'instances-1'],
    ['instance-id', `i-${'a'.repeat(41)}`],
    ['region-id', 'cn_hangzhou'],
    ['region-id', 'a'.repeat(41)],
    ['zone-id', 'CN'],
    ['instance-type', 'ecs/g6e'],
    ['image-id', 'image id'],
    ['image-id', '../image'],
    ['private-ipv4', '10.0.0.256'],
    ['private-ipv4', '010.0.0.1'],
    ['private-ipv4', '10.0.0'],
    ['private-ipv4', '10.0.0.1.1'],
    ['private-ipv4', '::1'],
    ['mac', '00:16:3E:0f:12:ab'],
    ['mac', '00-16-3e-0f-12-ab'],
    ['mac', '00:16:3e:0f:12'],
    ['serial-number', 'a'.repeat(49)],
    ['serial-number', 'a.b'],
  ])('refuses a value that breaks the pattern of %s: %s', async (field, value) => {
    const content = withAudience(documentText({ [field]: value }), AUDIENCE)
    await expect(verify(content, AUDIENCE)).rejects.toMatchObject({ code: 'document_malformed' })
  })

  it('ignores up to four unknown fields before the audience, and names them', async () => {
    const content = added('"a":"1","b-2":"x:/._-Z","c":"","d":"4"')(good()) as string
    const identity = await verify(content, AUDIENCE)
    expect(identity.unknownFields).toEqual(['a', 'b-2', 'c', 'd'])
    expect(identity).not.toHaveProperty('a')
  })

  it('reads the known fields in any order', async () => {
    const entries = Object.entries(DOCUMENT_FIELDS).toReversed()
    const content = withAudience(JSON.stringify(Object.fromEntries(entries)), AUDIENCE)
    expect(await verify(content, AUDIENCE)).toMatchObject({ instanceId: INSTANCE })
  })
})

describe('verifyInstanceIdentity() with an audience demanded', () => {
  it.each<[string, string, string]>([
    ['no audience', documentText(), 'audience_mismatch'],
    ['an empty audience', withAudience(documentText(), ''), 'document_malformed'],
    ['another service’s audience', withAudience(documentText(), 'another'), 'audience_mismatch'],
    [
      'an array of audiences',
      `${documentText().slice(0, -1)},"audience":["${AUDIENCE}"]}`,
      'document_malformed',
    ],
    ['a prefix of it', withAudience(documentText(), AUDIENCE.slice(0, -1)), 'audience_mismatch'],
    ['it as a prefix', withAudience(documentText(), `${AUDIENCE}x`), 'audience_mismatch'],
    [
      'it in another case',
      withAudience(documentText(), AUDIENCE.toUpperCase()),
      'audience_mismatch',
    ],
    ['it padded', withAudience(documentText(), `${AUDIENCE} `), 'document_malformed'],
    ['it padded as base64 is', withAudience(documentText(), `${AUDIENCE}=`), 'document_malformed'],
    [
      'it percent-encoded',
      withAudience(documentText(), AUDIENCE.replace('-', '%2D')),
      'document_malformed',
    ],
    [
      'it by escape',
      withAudience(documentText(), AUDIENCE.replace('-', '\\u002d')),
      'document_malformed',
    ],
    [
      'it twice',
      withAudience(withAudience(documentText(), AUDIENCE), AUDIENCE),
      'document_malformed',
    ],
  ])('refuses %s', async (_, content, code) => {
    await expect(verify(content, AUDIENCE)).rejects.toMatchObject({ code })
  })

  it.each(['', ' ', 'a b', '"', 'x'.repeat(65)])(
    'refuses to demand not an audience: expected [A-Za-z0-9_-]{1,64}: %j',
    async (audience) => {
      await expect(verify(good(), audience)).rejects.toThrow(RangeError)
      await expect(verify(good(), audience)).rejects.toThrow('[A-Za-z0-9_-]{1,64}')
    },
  )
})

describe('verifyInstanceIdentity() with the document posted beside the signature', () => {
  const posted = (document: string | Uint8Array, content = good()) =>
    verifyInstanceIdentity(
      { pkcs7: cloud.sign(content), document },
      { audience: AUDIENCE, trustAnchors },
    )

  it.each([
    ['as the metadata service answered it', documentText()],
    ['with the audience, as it was signed', good()],
    ['with a line feed at its end', `${documentText()}\n`],
    ['with CR and LF at its end', `${documentText()}\r\n`],
  ])('takes it %s', async (_, document) => {
    expect(await posted(document)).toMatchObject({ instanceId: INSTANCE })
    expect(await posted(bytesOf(document))).toMatchObject({ instanceId: INSTANCE })
  })

  it.each([
    ['another instance’s', documentText({ 'instance-id': 'i-another' }), 'document_mismatch'],
    ['with two line ends', `${documentText()}\n\n`, 'document_mismatch'],
    ['with a space', `${documentText()} `, 'document_mismatch'],
    [
      'in another order',
      JSON.stringify(Object.fromEntries(Object.entries(DOCUMENT_FIELDS).toReversed())),
      'document_mismatch',
    ],
    ['empty', '', 'document_mismatch'],
    ['without its brace', documentText().slice(0, -1), 'document_mismatch'],
    ['with another audience', withAudience(documentText(), 'other'), 'document_mismatch'],
    ['too long', `${documentText()}${' '.repeat(1024)}`, 'document_malformed'],
  ])('refuses one that is %s', async (_, document, code) => {
    await expect(posted(document)).rejects.toMatchObject({ code })
  })
})
