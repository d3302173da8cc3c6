// The issuer of an enroller: an origin and nothing else, since tokens, discovery and the clients put paths
// behind it.

import { describe, expect, it } from 'vitest'
import { setScene } from '../../support/enrollment.ts'

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
    const refused = setScene({ issuer })
    await expect(refused).rejects.toThrow(RangeError)
    await expect(refused).rejects.toThrow(`issuer ${problem}`)
    await expect(refused).rejects.not.toThrow('word@')
  })

  it.each(['https://app.test', 'https://app.test:8443', 'http://127.0.0.1:8787', 'https://[::1]'])(
    'takes the issuer %j',
    async (issuer) => {
      expect((await setScene({ issuer })).enroller.issuer).toBe(issuer)
    },
  )
})
