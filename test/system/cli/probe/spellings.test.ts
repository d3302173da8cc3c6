// `rollcall probe` at doors with one flaw: it finds the spelling of an attack by which that door can be opened, and no
// other one.

import { type JsonWebKey, createPublicKey } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RollcallCommand, createCommand } from '../../../support/command.ts'
import { reservePort } from '../../../support/ports.ts'
import { type Flaw, hasHmac, startFlawedDoor } from './flawed-door.ts'

let command: RollcallCommand
beforeAll(() => {
  command = createCommand()
})
afterAll(() => command.remove())

const keyOf = (jwk: JsonWebKey) => createPublicKey({ key: jwk, format: 'jwk' })
const pemOf = (jwk: JsonWebKey): string =>
  keyOf(jwk).export({ type: 'spki', format: 'pem' }).toString()

const bareKey = ({ kty, x = '', y }: { kty?: string; x?: string; y?: string }): Buffer => {
  const point = Buffer.from(x, 'base64url')
  return kty === 'OKP'
    ? point
    : Buffer.concat([Buffer.from('04', 'hex'), point, Buffer.from(String(y), 'base64url')])
}

/** What is wrong, what it finds, and the algorithm of the issuer. */
const CASES: [string, Flaw, readonly string[], string?][] = [
  ['no flaw', {}, []],
  [
    'none in other letters',
    { trusts: ({ header: { alg } }) => /^none$/i.test(String(alg)) && alg !== 'none' },
    ['alg None', 'alg NONE', 'alg nOnE'],
  ],
  [
    'a token without alg',
    { trusts: ({ header: { alg = '' } }) => alg === '' },
    ['an empty alg', 'no alg'],
  ],
  [
    'none, if there is a signature',
    { trusts: ({ header, signature }) => header['alg'] === 'none' && signature !== '' },
    ['alg none with a signature'],
  ],
  [
    'the PEM as a secret',
    { trusts: (it) => hasHmac(it, pemOf(it.jwk)) },
    ['HS256 with the public key'],
  ],
  [
    'the PEM without its last line break as a secret',
    { trusts: (it) => hasHmac(it, pemOf(it.jwk).trimEnd()) },
    ['HS256 with the PEM, trimmed'],
  ],
  [
    'the DER as a secret',
    { trusts: (it) => hasHmac(it, keyOf(it.jwk).export({ type: 'spki', format: 'der' })) },
    ['HS256 with the DER'],
  ],
  ['the JWK as a secret', { trusts: (it) => hasHmac(it, it.jwkText) }, ['HS256 with the JWK']],
  [
    'the JWK of RSA as a secret',
    { trusts: (it) => hasHmac(it, it.jwkText) },
    ['HS256 with the JWK'],
    'RS256',
  ],
  [
    'the point as a secret',
    { trusts: (it) => hasHmac(it, bareKey(it.jwk)) },
    ['HS256 with the bare key'],
  ],
  [
    'the bytes of Ed25519 as a secret',
    { trusts: (it) => hasHmac(it, bareKey(it.jwk)) },
    ['HS256 with the bare key'],
    'EdDSA',
  ],
  [
    'PKCS #1 as a secret',
    { trusts: (it) => hasHmac(it, keyOf(it.jwk).export({ type: 'pkcs1', format: 'pem' })) },
    ['HS256 with the bare key'],
    'RS256',
  ],
  ['no secret', { trusts: (it) => hasHmac(it, '') }, ['HS256 with an empty secret']],
  [
    'another HMAC',
    { trusts: (it) => hasHmac(it, pemOf(it.jwk), 'HS512') },
    ['HS512 with the public key'],
  ],
  [
    'zeros',
    { trusts: ({ signature }) => signature !== undefined && /^A{40,}$/.test(signature) },
    ['a signature of zeros'],
  ],
  [
    'a token of two parts',
    { trusts: ({ signature }) => signature === undefined },
    ['two parts alone'],
  ],
  ['ten minutes of leeway', { leeway: 600 }, ['expired two minutes ago']],
  [
    'an audience by its beginning',
    { isAudience: (shown, mine) => shown.startsWith(mine) },
    ['aud that begins with yours'],
  ],
  [
    'an audience by its end',
    { isAudience: (shown, mine) => shown.endsWith(mine) },
    ['aud that ends with yours'],
  ],
  [
    'an audience by a part of it',
    { isAudience: (shown, mine) => shown.includes(mine) },
    ['aud that begins with yours', 'aud that ends with yours'],
  ],
  [
    'a part of its audience',
    { isAudience: (shown, mine) => mine.includes(shown) },
    ['aud that is a part of yours'],
  ],
  [
    'a role by a part of it',
    { isRole: (shown, mine) => shown.includes(mine) },
    ['role that begins with yours', 'role that ends with yours'],
  ],
  ['the first of two claims', { readsFirst: true }, ['a claim twice, yours first']],
]

it.each(CASES)('at a door that admits: %s', async (_, flaw, found, alg = 'ES256') => {
  const port = await reservePort()
  const demands = { issuer: `http://127.0.0.1:${port}`, audience: 'app', role: 'worker' }
  const door = await startFlawedDoor(demands, flaw)
  try {
    const args = ['--audience', 'app', '--test-issuer', String(port), '--algorithm', alg]
    const run = await command.run(['probe', `http://127.0.0.1:${door.port}/`, ...args, '--json'])
    const { lines } = JSON.parse(run.stdout) as { lines: { name: string; outcome: string }[] }
    const admitted = lines.filter(({ outcome }) => outcome !== 'refused').map(({ name }) => name)
    expect([run.status, admitted]).toEqual([found.length === 0 ? 0 : 1, found])
  } finally {
    await door.close()
  }
})
