// The file of operators' keys: what it may say of a key, and that a slip never gives a key more rights.

import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/base/errors.ts'
import { OPERATOR_SCOPES, parseOperatorKeys } from '../../../src/token/operator-keys.ts'

type Jwk = Record<string, unknown>

const newKey = (): Jwk =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }) as Jwk
const jwk = newKey()

const problemsOf = async (json: unknown): Promise<readonly string[]> => {
  try {
    await parseOperatorKeys(json)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
  return []
}

describe('parseOperatorKeys()', () => {
  it('gives a key that says nothing all scopes and no name', async () => {
    const [key] = await parseOperatorKeys({ keys: [jwk] })
    expect(key).toMatchObject({ name: undefined, scope: OPERATOR_SCOPES })
    expect(OPERATOR_SCOPES).toEqual(['read', 'write', 'introspect'])
  })

  it('reads the name and the scope of each key', async () => {
    const named = { ...jwk, name: 'gateway@example.org', scope: ['introspect'] }
    const text = JSON.stringify({ keys: [named, { ...newKey(), scope: ['write', 'read'] }] })
    const [first, second] = await parseOperatorKeys(text)
    expect(first).toMatchObject({ name: 'gateway@example.org', scope: ['introspect'] })
    expect(second).toMatchObject({ name: undefined, scope: ['write', 'read'] })
    expect(first?.jwk).not.toHaveProperty('name')
  })

  it('takes the members that tools write, and two keys of one name', async () => {
    const exported = { ...jwk, alg: 'ES256', use: 'sig', key_ops: ['verify'], ext: true }
    const keys = [
      { ...exported, name: 'alice' },
      { ...newKey(), name: 'alice' },
    ]
    expect(await parseOperatorKeys({ keys })).toHaveLength(2)
  })

  it.each([
    ['a text', 'read'],
    ['texts with spaces', ['read write']],
    ['an empty list', []],
    ['null', null],
    ['an unknown scope', ['read', 'admin']],
    ['a scope in upper case', ['Read']],
    ['a scope twice', ['read', 'read']],
    ['a number', [1]],
    ['a member of every object', ['constructor']],
    ['all, by a star', ['*']],
  ])('refuses a scope that is %s', async (_, scope) => {
    expect(await problemsOf({ keys: [{ ...jwk, scope }] })).toEqual([
      expect.stringMatching(/^keys\.0: "scope": expected a list of/),
    ])
  })

  it.each([
    ['empty', ''],
    ['too long', 'a'.repeat(129)],
    ['with a space', 'alice bob'],
    ['with a line end', 'alice\n'],
    ['with an escape', 'a\u001b[2J'],
    ['not ASCII', 'ålice'],
    ['a number', 1],
    ['null', null],
    ['a list', ['alice']],
  ])('refuses a name that is %s', async (_, name) => {
    const [problem, ...more] = await problemsOf({ keys: [{ ...jwk, name }] })
    expect(more).toEqual([])
    expect(problem).toMatch(/^keys\.0: "name": expected 1 to 128 characters/)
  })

  it.each(['scop', 'scopes', 'Scope', 'roles', 'sub', 'x5c'])(
    'refuses the unknown member "%s", which could be a misspelt scope',
    async (member) => {
      const [problem] = await problemsOf({ keys: [{ ...jwk, [member]: ['read'] }] })
      expect(problem).toMatch(
        new RegExp(`^keys\\.0: the member "${member}" is not known; a key may`),
      )
    },
  )

  it('shows no unknown member that could be a part of a key', async () => {
    const slipped = 'k'.repeat(43)
    const [problem] = await problemsOf({ keys: [{ ...jwk, [slipped]: '' }] })
    expect(problem).toMatch(/^keys\.0: a member is not known/)
    expect(problem).not.toContain(slipped)
  })

  it('refuses a scope or a name beside the keys, where it would give them all rights', async () => {
    for (const more of [{ scope: ['read'] }, { name: 'alice' }]) {
      const problems = ['unexpected member; the set may have keys']
      expect(await problemsOf({ keys: [jwk], ...more })).toEqual(problems)
    }
  })

  it('refuses a kid that is not the thumbprint, by which no token would find the key', async () => {
    const [key] = await parseOperatorKeys({ keys: [jwk] })
    expect(await problemsOf({ keys: [{ ...jwk, kid: key?.thumbprint }] })).toEqual([])
    expect(await problemsOf({ keys: [{ ...jwk, kid: 'alice' }] })).toEqual([
      expect.stringMatching(/^keys\.0: "kid" must be the key's RFC 7638 thumbprint/),
    ])
  })

  it('reports the problems of all keys at once', async () => {
    const keys = [{ ...newKey(), scope: [] }, newKey(), { ...newKey(), name: '' }, jwk, jwk]
    const problems = await problemsOf({ keys })
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(['keys.0', 'keys.2', 'keys.4'])
  })
})
