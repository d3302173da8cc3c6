// The list of proxies: what it takes, and every problem with its place.

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { findProxy } from '../../../src/admit/proxies.ts'
import { parseProxies } from '../../../src/config/proxies.ts'

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

const APP = {
  name: 'app',
  origin: 'https://app.test',
  secret_sha256: hashOf('a secret of app'),
  audiences: ['https://app.test', 'urn:app'],
}
const OTHER = { ...APP, name: 'other', secret_sha256: hashOf('a secret of other') }

describe('parseProxies() takes', () => {
  it('a proxy, which is then found by its secret', () => {
    const parsed = parseProxies(JSON.stringify([APP]))
    if (!parsed.ok) throw new Error(parsed.refusal.join())
    const { secret_sha256: secretSha256, ...rest } = APP
    expect(parsed.value).toEqual([{ ...rest, secretSha256 }])
    expect(findProxy(parsed.value, 'a secret of app')?.name).toBe('app')
  })

  it('two proxies of one origin, so that a secret can be replaced', () => {
    expect(parseProxies(JSON.stringify([APP, OTHER]))).toMatchObject({ ok: true })
  })

  it('an origin on localhost without TLS', () => {
    const proxy = { ...APP, origin: 'http://127.0.0.1:8080' }
    expect(parseProxies(JSON.stringify([proxy]))).toMatchObject({ ok: true })
  })
})

describe('parseProxies() refuses', () => {
  const hex = '0.secret_sha256: expected 64 lower-case hex digits, the SHA-256 of the secret'
  it.each<readonly [what: string, value: unknown, problem: string]>([
    ['an object', { proxies: [] }, 'expected a list: [{"name", "origin", "secret_sha256", '],
    ['an empty list', [], 'expected at least one proxy, or no variable'],
    ['a text in the list', ['app'], '0: expected an object with name, origin, secret_sha256, aud'],
    ['a missing member', [{ ...APP, origin: undefined }], '0.origin: required'],
    ['an unknown member', [{ ...APP, secret: 'x' }], '0.secret: unknown name; expected one of'],
    ['a name with a space', [{ ...APP, name: 'my app' }], '0.name: expected a lower-case letter'],
    ['an origin with a path', [{ ...APP, origin: 'https://app.test/x' }], '0.origin: has a path;'],
    ['an upper-case origin', [{ ...APP, origin: 'https://App.test' }], '0.origin: has upper-case'],
    ['a default port', [{ ...APP, origin: 'https://app.test:443' }], '0.origin: has a port that'],
    ['http on a network', [{ ...APP, origin: 'http://app.test' }], '0.origin: is not encrypted;'],
    ['a secret itself', [{ ...APP, secret_sha256: 'a secret of app' }], hex],
    ['upper-case hex', [{ ...APP, secret_sha256: APP.secret_sha256.toUpperCase() }], hex],
    [
      'the hash of nothing',
      [{ ...APP, secret_sha256: hashOf('') }],
      '0.secret_sha256: is the hash',
    ],
    ['no audience', [{ ...APP, audiences: [] }], '0.audiences: expected at least one value'],
    [
      'one audience twice',
      [{ ...APP, audiences: ['a', 'a'] }],
      '0.audiences: a value occurs twice',
    ],
    [
      'an audience with a space',
      [OTHER, { ...APP, audiences: ['a b'] }],
      '1.audiences.0: expected',
    ],
    ['a name twice', [APP, { ...OTHER, name: 'app' }], '1.name: another proxy has this name'],
    [
      'a secret twice, with one origin or with two',
      [APP, { ...OTHER, origin: 'https://b.test', secret_sha256: APP.secret_sha256 }],
      '1.secret_sha256: another proxy has this secret; give each one of its own',
    ],
  ])('%s', (_, value, problem) => {
    const parsed = parseProxies(JSON.stringify(value))
    expect(parsed).toEqual({ ok: false, refusal: [expect.stringContaining(problem)] })
  })

  it.each([
    ['text that is not JSON', '[', 'expected JSON'],
    ['a key that occurs twice', '[{"name":"a","name":"b"}]', 'a key occurs twice'],
  ])('%s', (_, text, problem) => {
    expect(parseProxies(text)).toEqual({ ok: false, refusal: [problem] })
  })

  it('several things at once, each with its place, and shows no hash', () => {
    const hash = APP.secret_sha256
    const parsed = parseProxies(
      JSON.stringify([APP, { name: 'X', origin: 'x', secret_sha256: `${hash}0`, audiences: 'a' }]),
    )
    if (parsed.ok) throw new Error('the list was taken')
    expect(parsed.refusal.map((problem) => problem.split(':')[0])).toEqual([
      '1.name',
      '1.origin',
      '1.secret_sha256',
      '1.audiences',
    ])
    expect(parsed.refusal.join()).not.toContain(hash.slice(0, 12))
  })
})
