// The address of a service, as the library and the command take it.

import { describe, expect, it } from 'vitest'
import { requireIssuer } from '../../../src/client/issuer.ts'

describe('requireIssuer()', () => {
  it.each(['https://a.example', 'https://a.example:8443', 'http://localhost:8787', 'http://[::1]'])(
    'gives %s back',
    (text) => {
      expect(requireIssuer(text)).toBe(text)
    },
  )

  it.each([
    ['https://a.example/', 'issuer: "https://a.example/" has a trailing slash; remove it'],
    ['https://a.example/x', 'issuer: "https://a.example/x" has a path; write "https://a.example"'],
    ['https://A.example', '"https://A.example" has upper-case letters; write "https://a.example"'],
    ['http://a.example', 'issuer: "http://a.example" is not encrypted; use https'],
    ['a.example', 'issuer: is not an http or https URL; write https://HOST'],
    // What may be a secret is not shown.
    ['https://me:secret@a.example', 'issuer: has a user name or password'],
    ['https://a.example?secret', 'issuer: has a query'],
    ['https://a.example#secret', 'issuer: has a fragment'],
    [`https://a.example/${'secret'.repeat(50)}`, 'issuer: has a path'],
  ])('refuses %s and says what to write', (text, message) => {
    let thrown: unknown
    try {
      requireIssuer(text)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(RangeError)
    expect((thrown as Error).message).toContain(message)
    expect((thrown as Error).message).not.toContain('secret')
  })
})
