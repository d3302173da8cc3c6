// Compact JWS: what is opened, and each way to be refused, against tokens that node:crypto made.

import { compactVerify } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { accept, refuse } from '../../../src/base/result.ts'
import { type Members, keyByThumbprint, openJws, signJws } from '../../../src/token/jws.ts'
import { type PublicKey, loadPublicKey } from '../../../src/token/public-key.ts'
import { type SigningKeys, parseSigningKeys } from '../../../src/token/signing-keys.ts'
import {
  type TestKey,
  compactJws,
  hmacSigner,
  makeKey,
  part,
  signer,
} from '../../cases/state/independent-jws.ts'
import { signingKeysOf } from '../../support/rsa-keys.ts'

const TYP = 'test+jwt'
const CLAIMS = { a: 'b' }

let key: TestKey
let publicKey: PublicKey
beforeAll(async () => {
  key = await makeKey('ES256')
  const loaded = await loadPublicKey(key.jwk)
  if (!loaded.ok) throw new Error(loaded.refusal)
  publicKey = loaded.value
})

const header = (more: Members = {}): Members => ({ alg: 'ES256', typ: TYP, ...more })
const token = (more?: Members, claims: unknown = CLAIMS): string =>
  compactJws(header(more), claims, signer(key.privateKey))
const open = (text: string) => openJws(text, TYP, () => publicKey)

describe('openJws()', () => {
  it('gives the claims, and hands out the header to find the key by', async () => {
    const headers: Members[] = []
    const opened = await openJws(token({ kid: 'k', jku: 'https://evil.test' }), TYP, (found) => {
      headers.push(found)
      return publicKey
    })
    expect(opened).toEqual(accept(CLAIMS))
    expect(headers).toEqual([header({ kid: 'k', jku: 'https://evil.test' })])
  })

  it('waits for a key that is found later', async () => {
    expect(await openJws(token(), TYP, async () => publicKey)).toEqual(accept(CLAIMS))
  })

  it.each<[string, () => string]>([
    ['nothing', () => ''],
    ['text', () => 'token'],
    ['two parts', () => token().split('.').slice(0, 2).join('.')],
    ['four parts', () => `${token()}.x`],
    ['a header that is not base64url', () => `!${token()}`],
    ['a header that is not JSON', () => `${part('x')}${token().slice(token().indexOf('.'))}`],
    ['a header that is a list', () => compactJws([], CLAIMS, signer(key.privateKey))],
    ['a header with a space before it', () => ` ${token()}`],
    [
      'a header that has a member twice',
      () =>
        compactJws(
          `{"alg":"none",${JSON.stringify(header()).slice(1)}`,
          CLAIMS,
          signer(key.privateKey),
        ),
    ],
    ['another typ', () => token({ typ: 'JWT' })],
    ['the typ in other letters', () => token({ typ: TYP.toUpperCase() })],
    ['no typ', () => token({ typ: undefined })],
    ['an extension that must be understood', () => token({ crit: ['x'], x: 1 })],
    ['an empty list of such extensions', () => token({ crit: [] })],
    ['no alg', () => token({ alg: undefined })],
    ['more than 8,192 characters', () => token({}, { a: 'x'.repeat(6200) })],
  ])('refuses %s as malformed', async (_, make) => {
    expect(await open(make())).toEqual(refuse('malformed'))
  })

  it.each<[string, unknown]>([
    ['text', 'x'],
    ['nothing', ''],
    ['null', null],
    ['a number', 1],
    ['a list', [1]],
    ['a key that is there twice', '{"a":1,"a":2}'],
    ['a byte order mark', '\uFEFF{}'],
    ['JSON with something behind it', '{}x'],
  ])('refuses claims that are %s as malformed, though they are signed', async (_, claims) => {
    expect(await open(token({}, claims))).toEqual(refuse('malformed'))
  })

  it('opens a token of 8,192 characters, and no longer one', async () => {
    const fixed = token({}, { a: '' }).length
    // Three bytes are four characters.
    const longest = token({}, { a: 'x'.repeat(Math.floor(((8192 - fixed) / 4) * 3)) })
    expect(longest.length).toBeGreaterThan(8188)
    expect(await open(longest)).toMatchObject({ ok: true })
    expect(await open(longest.padEnd(8193, 'A'))).toEqual(refuse('malformed'))
  })

  it.each<[string, () => string]>([
    ['the alg none', () => token({ alg: 'none' })],
    [
      'HS256 with the public key',
      () => compactJws(header({ alg: 'HS256' }), CLAIMS, hmacSigner(part(key.jwk))),
    ],
    ['the alg of another type of key', () => token({ alg: 'RS256' })],
    ['the alg in other letters', () => token({ alg: 'es256' })],
  ])('refuses %s: the key says which algorithm is right', async (_, make) => {
    expect(await open(make())).toEqual(refuse('key_refused'))
  })

  it('refuses a header whose key nobody knows', async () => {
    expect(await openJws(token(), TYP, () => undefined)).toEqual(refuse('key_refused'))
    expect(await openJws(token(), TYP, async () => undefined)).toEqual(refuse('key_refused'))
  })

  it.each<[string, () => string]>([
    ['another key', () => token()],
    ['other claims', () => token().replace(/\.[^.]+\./, `.${part({ a: 'c' })}.`)],
    ['another header', () => token().replace(/^[^.]+/, part(header({ kid: 'x' })))],
    ['no signature', () => token().replace(/[^.]+$/, '')],
    ['padding behind it', () => `${token()}==`],
    ['a line end behind it', () => `${token()}\n`],
    [
      'a signature in a second text, which differs in bits that are left over',
      () => token().replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1)),
    ],
    ['a signature that is one byte short', () => token().slice(0, -2)],
    ['a signature in DER', () => compactJws(header(), CLAIMS, () => Buffer.alloc(71, 1))],
    ['a signature of zeros', () => compactJws(header(), CLAIMS, () => Buffer.alloc(64))],
  ])('refuses the signature of %s', async (what, make) => {
    const other = await makeKey('ES256')
    const loaded = await loadPublicKey(other.jwk)
    const keyOf = what === 'another key' && loaded.ok ? loaded.value : publicKey
    expect(await openJws(make(), TYP, () => keyOf)).toEqual(refuse('signature_invalid'))
  })

  it.each(['EdDSA', 'Ed25519'])('takes the name %s of one algorithm', async (alg) => {
    const ed = await makeKey('EdDSA')
    const loaded = await loadPublicKey(ed.jwk)
    const text = compactJws({ alg, typ: TYP }, CLAIMS, signer(ed.privateKey))
    expect(await openJws(text, TYP, () => (loaded.ok ? loaded.value : undefined))).toEqual(
      accept(CLAIMS),
    )
  })
})

describe('signJws()', () => {
  it.each(['ES256', 'RS256', 'EdDSA'] as const)('makes what jose verifies, by %s', async (alg) => {
    const keys: SigningKeys = await parseSigningKeys(await signingKeysOf(alg))
    const text = await signJws(TYP, { a: 'é', list: [1] }, keys.signer)
    const { payload, protectedHeader } = await compactVerify(
      text,
      (await keys.publicKeys[0]?.key()) as CryptoKey,
    )
    expect(protectedHeader).toEqual({ alg, typ: TYP, kid: keys.signer.kid })
    expect(JSON.parse(new TextDecoder().decode(payload))).toEqual({ a: 'é', list: [1] })
    expect(await openJws(text, TYP, keyByThumbprint(keys.publicKeys))).toMatchObject({ ok: true })
  })
})

describe('keyByThumbprint()', () => {
  it.each<[string, (thumbprint: string) => Members, boolean]>([
    ['the thumbprint', (kid) => ({ kid }), true],
    ['a part of it', (kid) => ({ kid: kid.slice(1) }), false],
    ['it in a list', (kid) => ({ kid: [kid] }), false],
    ['nothing', () => ({}), false],
    ['undefined', () => ({ kid: undefined }), false],
  ])('finds a key by a kid of %s: %#', (_, headerOf, found) => {
    const find = keyByThumbprint([publicKey])
    expect(find(headerOf(publicKey.thumbprint))).toBe(found ? publicKey : undefined)
  })
})
