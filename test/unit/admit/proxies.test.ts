// A proxy is found by its secret alone.

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type TrustedProxy, findProxy } from '../../../src/admit/proxies.ts'

const proxyOf = (name: string): TrustedProxy => ({
  name,
  origin: `https://${name}.test`,
  secretSha256: createHash('sha256').update(`secret of ${name}`).digest('hex'),
  audiences: ['a'],
})
const PROXIES = [proxyOf('one'), proxyOf('two')]

describe('findProxy()', () => {
  it.each(['one', 'two'])('finds %s by its secret', (name) => {
    expect(findProxy(PROXIES, `secret of ${name}`)?.name).toBe(name)
  })

  it.each([
    ['no secret', undefined],
    ['an empty secret', ''],
    ['an unknown secret', 'secret of three'],
    ['a beginning of a secret', 'secret of on'],
    ['another case', 'Secret of one'],
    ['a space at the end', 'secret of one '],
    ['the hash in place of the secret', PROXIES[0]?.secretSha256],
    ['one secret twice', 'secret of one, secret of one'],
    ['two secrets', 'secret of one, secret of two'],
  ])('finds no proxy by %s', (_, secret) => {
    expect(findProxy(PROXIES, secret)).toBeUndefined()
  })

  it('finds none if none is configured', () => {
    expect(findProxy([], 'secret of one')).toBeUndefined()
  })
})
