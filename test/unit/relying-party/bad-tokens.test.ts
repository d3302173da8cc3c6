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
  it('makes 25, all different', () => {
    expect(BAD_TOKEN_NAMES).toHaveLength(25)
    expect(new Set([...tokens.values(), goodToken]).size).toBe(26)
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
