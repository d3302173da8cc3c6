// The options of a verifier: each value that is refused, and its nearest neighbour that is not.

import { describe, expect, it } from 'vitest'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { type TokenVerifierOptions, readOptions } from '../../../src/relying-party/options.ts'

const GOOD = { issuer: 'https://rollcall.test', audience: 'https://cluster.example' }
const BOUND = { bound: 'require', proofs: createMemoryLedger(0), publicUrl: 'https://app.example' }
const read = (changes: Readonly<Record<string, unknown>>) =>
  readOptions({ ...GOOD, ...changes } as TokenVerifierOptions)

describe('readOptions()', () => {
  it('fills in the defaults', () => {
    expect(read({})).toEqual({
      ...GOOD,
      audience: [GOOD.audience],
      roles: null,
      match: [],
      algorithms: ['ES256', 'RS256', 'EdDSA', 'Ed25519'],
      clockToleranceSeconds: 30,
      staleKeysSeconds: 3600,
      bound: 'refuse',
      proofs: null,
      publicUrl: '',
      fetch: expect.any(Function) as unknown,
    })
  })

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['an issuer on this machine without TLS', { issuer: 'http://127.0.0.1:8080' }],
    ['an issuer with a port', { issuer: 'https://rollcall.test:8443' }],
    ['several audiences', { audience: ['a', 'b'] }],
    ['no audience, on purpose', { audience: null }],
    ['one algorithm', { algorithms: ['ES256'] }],
    ['the smallest tolerance', { clockToleranceSeconds: 0 }],
    ['the largest tolerance', { clockToleranceSeconds: 300 }],
    ['no old keys', { staleKeysSeconds: 0 }],
    ['keys as old as a day', { staleKeysSeconds: 86_400 }],
    ['bound tokens', BOUND],
    ['bound tokens, on purpose without a ledger', { ...BOUND, proofs: null }],
    ['an address with a path', { ...BOUND, publicUrl: 'https://app.example/api' }],
    ['an address without TLS, behind a proxy', { ...BOUND, publicUrl: 'http://10.0.0.1:8080' }],
    ['options that are undefined', { roles: undefined, match: undefined, bound: undefined }],
  ])('accepts %s', (_, changes) => {
    expect(() => read(changes)).not.toThrow()
  })

  it.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['no issuer', { issuer: undefined }, /^issuer: required/],
    ['no audience', { audience: undefined }, /^audience: required.*null accepts/],
    ['an audience that is a number', { audience: 1 }, /^audience: expected a list of texts/],
    ['an empty audience', { audience: '' }, /^audience: expected texts that are not empty/],
    ['a list with an empty audience', { audience: ['a', ''] }, /^audience: expected texts/],
    ['roles that are a text', { roles: 'worker' }, /^roles: expected a list/],
    [
      'a field that is a text',
      { match: { region_id: 'cn-*' } },
      /^match.region_id: expected a list/,
    ],
    ['bound without proofs', { ...BOUND, proofs: undefined }, /^proofs: required.*"require"/],
    ['bound without an address', { ...BOUND, publicUrl: undefined }, /^publicUrl: required/],
    [
      'allow without proofs',
      { bound: 'allow', publicUrl: 'https://app.example' },
      /^proofs: required.*"allow"/,
    ],
  ])('refuses %s with a TypeError', (_, changes, message) => {
    expect(() => read(changes)).toThrow(TypeError)
    expect(() => read(changes)).toThrow(message)
  })

  it.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['an issuer with a slash', { issuer: 'https://rollcall.test/' }, /^issuer: .*trailing slash/],
    ['an issuer without TLS', { issuer: 'http://rollcall.test' }, /^issuer: .*not encrypted/],
    ['an issuer that is no URL', { issuer: 'rollcall' }, /^issuer: .*not an http/],
    ['no audiences', { audience: [] }, /^audience: expected at least one/],
    ['no roles', { roles: [] }, /^roles: expected at least one/],
    ['an unknown field', { match: { vpc_id: ['v'] } }, /^match: unknown field.*region_id/],
    ['a field without values', { match: { region_id: [] } }, /^match.region_id: expected at least/],
    ['a pattern of accounts', { match: { owner_account_id: ['1*'] } }, /without \*/],
    ['a block of addresses that is none', { match: { private_ipv4: ['10.0.0.5/24'] } }, /10.0.0.0/],
    ['a symmetric algorithm', { algorithms: ['HS256'] }, /^algorithms: expected ES256/],
    ['no algorithms', { algorithms: [] }, /^algorithms: expected at least one/],
    ['a negative tolerance', { clockToleranceSeconds: -1 }, /^clockTolerance.*0 to 300/],
    ['a tolerance of 301 s', { clockToleranceSeconds: 301 }, /^clockTolerance.*0 to 300/],
    ['a tolerance that is NaN', { clockToleranceSeconds: Number.NaN }, /^clockTolerance/],
    ['keys older than a day', { staleKeysSeconds: 86_401 }, /^staleKeysSeconds.*86400/],
    [
      'an unknown way with bound tokens',
      { bound: 'yes' },
      /^bound: expected refuse, require, allow/,
    ],
    ['an address with a slash', { ...BOUND, publicUrl: 'https://app.example/' }, /^publicUrl/],
    ['an address with a query', { ...BOUND, publicUrl: 'https://app.example?a' }, /^publicUrl/],
    ['an address that is a path', { ...BOUND, publicUrl: '/api' }, /^publicUrl/],
  ])('refuses %s with a RangeError', (_, changes, message) => {
    expect(() => read(changes)).toThrow(RangeError)
    expect(() => read(changes)).toThrow(message)
  })
})
