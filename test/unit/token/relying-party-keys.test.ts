// The file of relying parties' keys: each says whose it is and what it may ask about, and a slip never widens that.

import { beforeAll, describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/base/errors.ts'
import { parseRelyingPartyKeys } from '../../../src/token/relying-party-keys.ts'
import { type TestKey, makeKey } from '../../cases/state/independent-jws.ts'

const PINS = { name: 'gateway', audiences: ['https://cluster.example'] }

let key: TestKey
beforeAll(async () => {
  key = await makeKey('ES256')
})

const problemsOf = async (more: object): Promise<readonly string[]> => {
  try {
    await parseRelyingPartyKeys({ keys: [{ ...key.jwk, ...PINS, ...more }] })
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
  return []
}

describe('parseRelyingPartyKeys()', () => {
  it('reads name and audiences', async () => {
    const audiences = ['https://cluster.example', 'mesh']
    const [read] = await parseRelyingPartyKeys({ keys: [{ ...key.jwk, ...PINS, audiences }] })
    expect(read).toMatchObject({ name: 'gateway', audiences, thumbprint: key.thumbprint })
    expect(read?.jwk).not.toHaveProperty('audiences')
  })

  it('takes two keys of one relying party, so that it can replace its key', async () => {
    const other = await makeKey('EdDSA')
    const keys = [key, other].map(({ jwk }) => ({ ...jwk, ...PINS }))
    expect((await parseRelyingPartyKeys({ keys })).map(({ name }) => name)).toEqual([
      'gateway',
      'gateway',
    ])
  })

  it.each<[string, unknown]>([
    ['absent', undefined],
    ['empty', ''],
    ['with a space', 'a b'],
    ['too long', 'x'.repeat(129)],
    ['a list', ['gateway']],
  ])('refuses a name that is %s', async (_, name) => {
    expect(await problemsOf({ name })).toEqual([
      expect.stringContaining('keys.0: "name": expected'),
    ])
  })

  it.each<[string, unknown]>([
    ['absent', undefined],
    ['empty', []],
    ['a text', 'https://cluster.example'],
    ['a list of a number', [7]],
    ['a list of a text with a space', ['a b']],
    ['a list of an empty text', ['']],
    ['a list of a text that is too long', ['x'.repeat(257)]],
    ['a list that has one twice', ['a', 'a']],
  ])('refuses audiences that are %s', async (_, audiences) => {
    expect(await problemsOf({ audiences })).toEqual([
      expect.stringContaining('keys.0: "audiences": expected a list of audiences'),
    ])
  })

  it.each(['audience', 'scope', 'aud'])(
    'refuses a member %s, which may be a slip',
    async (name) => {
      expect(await problemsOf({ [name]: ['a'] })).toEqual([
        expect.stringContaining(`keys.0: the member "${name}" is not known`),
      ])
    },
  )
})
