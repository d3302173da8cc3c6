// The issuer of an enroller: an origin and nothing else, since tokens, discovery and the clients put paths
// behind it.

import { describe, expect, it } from 'vitest'
import { accept, refuse } from '../../../src/base/result.ts'
import { checkIssuer } from '../../../src/base/issuer.ts'
import { createTestEnroller } from '../../support/test-enroller.ts'

describe('createEnroller()', () => {
  it.each([
    ['https://app.test/rollcall', 'has a path; write "https://app.test"'],
    ['https://app.test/', '"https://app.test/" has a trailing slash; remove it'],
    ['https://app.test?a=b', 'has a query; write "https://app.test"'],
    ['https://app.test/#', 'is not written as browsers write it; write "https://app.test"'],
    ['https://App.test', 'has upper-case letters; write "https://app.test"'],
    ['https://app.test:443', 'has a port that is the default'],
    ['https://user:word@app.test', 'has a user name or password; write "https://app.test"'],
    ['app.test', 'is not an http or https URL'],
    ['ftp://app.test', 'is not an http or https URL'],
    ['', 'is not an http or https URL'],
  ])('refuses the issuer %j', async (issuer, problem) => {
    const refused = createTestEnroller({ issuer })
    await expect(refused).rejects.toThrow(RangeError)
    await expect(refused).rejects.toThrow(`issuer ${problem}`)
    await expect(refused).rejects.not.toThrow('word@')
  })

  it.each(['https://app.test', 'https://app.test:8443', 'http://127.0.0.1:8787', 'https://[::1]'])(
    'takes the issuer %j',
    async (issuer) => {
      expect((await createTestEnroller({ issuer })).enroller.issuer).toBe(issuer)
    },
  )
})

const HOST = 'has a host that is neither letters, digits, ".", "-" and "_" nor an address'
const USUAL = 'has a host that is not in its usual form'
const PORT = 'has a port that is the default or not in its shortest form'

describe('checkIssuer()', () => {
  it.each([
    'https://app.test',
    'https://a_b-c.test:1',
    'http://localhost',
    'http://127.0.0.1:8787',
    'http://10.0.0.1:65535',
    'https://[2001:db8::1]:8443',
    'https://xn--bcher-kva.test',
  ])('takes %s, unchanged', (text) => {
    expect(checkIssuer(text)).toEqual(accept(text))
  })

  it.each([
    ['https://app.test?', 'is not written as browsers write it', 'https://app.test'],
    ['https://app.test/#a', 'has a fragment', 'https://app.test'],
    ['https://app.test?a', 'has a query', 'https://app.test'],
    ['https://app.test/a?b#c', 'has a query', 'https://app.test'],
    ['https://app.test/a', 'has a path', 'https://app.test'],
    ['https://app.test//', 'has a path', 'https://app.test'],
    ['https://:word@app.test', 'has a user name or password', 'https://app.test'],
    [' https://app.test', 'has white space', 'https://app.test'],
    ['https://app.test\n', 'has white space', 'https://app.test'],
    ['HTTPS://app.test', 'has upper-case letters', 'https://app.test'],
    ['https://bücher.test', USUAL, 'https://xn--bcher-kva.test'],
    ['http://127.1', USUAL, 'http://127.0.0.1'],
    ['http://0x7f.0.0.1', USUAL, 'http://127.0.0.1'],
    ['http://app.test:80', PORT, 'http://app.test'],
    ['https://app.test:', PORT, 'https://app.test'],
    ['https://app.test:08443', PORT, 'https://app.test:8443'],
  ])('says of %j what is wrong and what to write', (text, problem, origin) => {
    expect(checkIssuer(text)).toEqual(refuse(`${problem}; write "${origin}"`))
    expect(checkIssuer(origin)).toEqual(accept(origin))
  })

  it.each(["https://a'b.test", 'https://a$b.test', 'https://a(b).test', 'https://a;b.test'])(
    'refuses a host that means something to a shell: %s',
    (text) => {
      expect(checkIssuer(text)).toEqual(refuse(HOST))
    },
  )

  it.each(['https://', 'https:', 'file:///a', 'data:,x', 'https://a b', 'https://app.test:65536'])(
    'refuses %j, which is no address of a service',
    (text) => {
      expect(checkIssuer(text)).toEqual(
        refuse('is not an http or https URL; write https://HOST or https://HOST:PORT'),
      )
    },
  )
})
