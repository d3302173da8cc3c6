// The bad tokens themselves: each has one thing wrong, and signature and claims alone tell what introspection says.

import { beforeAll, describe, expect, it } from 'vitest'
import { verifyToken } from '../../../src/token/verify.ts'
import { type SigningKeys, parseSigningKeys } from '../../../src/token/signing-keys.ts'
import {
  BAD_TOKENS,
  BAD_TOKEN_NAMES,
  type BadTokenName,
  makeBadTokens,
  resignToken,
} from '../../support/bad-tokens.ts'
import { ISSUER, type TestService, createTestService } from '../../support/test-service.ts'

let service: TestService
let keys: SigningKeys
let goodToken: string
let tokens: ReadonlyMap<BadTokenName, string>
beforeAll(async () => {
  service = await createTestService()
  keys = await parseSigningKeys(service.privateKeys)
  const response = await service.post('/v1/enroll', await service.evidence())
  goodToken = ((await response.json()) as { access_token: string }).access_token
  const made = makeBadTokens({ goodToken, privateKeys: service.privateKeys })
  tokens = new Map(made.map(([name, token]) => [name, token]))
})

const isActive = async (token = ''): Promise<boolean> =>
  (await verifyToken(keys, ISSUER, token, service.now)).ok

describe('makeBadTokens()', () => {
  it('makes each of them, all different', () => {
    expect([...tokens.keys()]).toEqual(BAD_TOKEN_NAMES)
    expect(new Set([...tokens.values(), goodToken]).size).toBe(BAD_TOKEN_NAMES.length + 1)
  })

  it('begins with the 25 by which relying parties are compared', () => {
    expect(BAD_TOKEN_NAMES.slice(0, 25)).toEqual([
      'expired',
      'nbf in half an hour',
      'no exp',
      'no aud',
      'another aud',
      'aud as text',
      'another iss',
      'iss with a slash at its end',
      'signed by another key',
      'unknown kid',
      'kid like a path',
      'no kid',
      "typ of an operator's token",
      'typ of a proof',
      'foreign key in the header',
      'bound to a key',
      'bound to a certificate',
      'bound to a key and a certificate',
      'another role',
      'crit',
      'alg none',
      'HS256 with the public key',
      'altered after it was signed',
      'no signature',
      'a claim twice',
    ])
  })

  it('starts from a valid token, which stays valid if it is only signed again', async () => {
    expect(await isActive(goodToken)).toBe(true)
    const source = { goodToken, privateKeys: service.privateKeys }
    expect(await isActive(resignToken(source, {}))).toBe(true)
  })

  it.each(BAD_TOKEN_NAMES)('%s: signature and claims are what the table says', async (name) => {
    expect(await isActive(tokens.get(name))).toBe(BAD_TOKENS[name].active ?? false)
  })
})
