// Which way the calls of a service take. curl, which bootstrap.sh uses, is the witness for the same variables.

import { describe, expect, it } from 'vitest'
import { CommandError } from '../../../../src/cli/command-error.ts'
import { routeTo } from '../../../../src/cli/proxy/settings.ts'

const ISSUER = 'https://rollcall.example'
const PROXY = { address: 'http://proxy.example:3128', authorization: undefined }
const URL_OF_PROXY = PROXY.address

describe('routeTo()', () => {
  it('is the default where no proxy is configured', () => {
    expect(routeTo(ISSUER, {})).toBe('default')
    expect(routeTo(ISSUER, { HTTPS_PROXY: '', NO_PROXY: '*' })).toBe('default')
  })

  it.each(['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'])('reads %s', (name) => {
    expect(routeTo(ISSUER, { [name]: URL_OF_PROXY })).toEqual(PROXY)
  })

  it('prefers the variables as curl does, and passes over empty ones', () => {
    const env = { https_proxy: '', HTTPS_PROXY: URL_OF_PROXY, ALL_PROXY: 'http://other.example:1' }
    expect(routeTo(ISSUER, env)).toEqual(PROXY)
    const both = { https_proxy: URL_OF_PROXY, HTTPS_PROXY: 'http://other.example:1' }
    expect(routeTo(ISSUER, both)).toEqual(PROXY)
  })

  it.each(['http://localhost:8787', 'http://127.0.0.1', 'https://localhost', 'https://[::1]:8443'])(
    'goes directly to this machine, %s',
    (issuer) => {
      const env = { HTTPS_PROXY: URL_OF_PROXY, HTTP_PROXY: URL_OF_PROXY, ALL_PROXY: URL_OF_PROXY }
      expect(routeTo(issuer, env)).toBe('direct')
    },
  )

  it('takes no proxy of http for https, as curl', () => {
    expect(routeTo(ISSUER, { http_proxy: URL_OF_PROXY, HTTP_PROXY: URL_OF_PROXY })).toBe('direct')
  })

  it.each([
    ['proxy.example:3128', 'http://proxy.example:3128'],
    ['http://proxy.example', 'http://proxy.example:1080'],
    ['http://proxy.example:80', 'http://proxy.example'],
    ['http://proxy.example/', 'http://proxy.example:1080'],
    ['https://proxy.example', 'https://proxy.example'],
    ['http://[2001:db8::1]', 'http://[2001:db8::1]:1080'],
    ['http://[2001:db8::1]:3128', 'http://[2001:db8::1]:3128'],
  ])('reads %s with the ports of curl', (text, address) => {
    expect(routeTo(ISSUER, { HTTPS_PROXY: text })).toEqual({ address, authorization: undefined })
  })

  it.each([
    ['http://bob:p%40ss@proxy.example:3128', 'bob:p@ss'],
    ['bob:secret@proxy.example:3128', 'bob:secret'],
    ['http://bob@proxy.example:3128', 'bob:'],
  ])('keeps the login of %s apart from the address', (text, login) => {
    const authorization = `Basic ${Buffer.from(login).toString('base64')}`
    expect(routeTo(ISSUER, { HTTPS_PROXY: text })).toEqual({ ...PROXY, authorization })
  })

  it.each([
    'http://bob:sesame@[proxy',
    'http://bob:sesame@proxy.example:99999',
    'socks5://bob:sesame@proxy.example:1080',
    'http://bob:sesame%zz@proxy.example:3128',
    'bob:sesame@',
  ])('refuses %s, and shows nothing of it', (text) => {
    let error: unknown
    try {
      routeTo(ISSUER, { ALL_PROXY: text })
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(CommandError)
    const { status, message } = error as CommandError
    expect(status).toBe(2)
    expect(message).toMatch(/^ALL_PROXY: .*; write /)
    expect(message).not.toMatch(/sesame|bob|proxy\.example/)
  })

  it('reads no address of a proxy that is not used', () => {
    expect(routeTo(ISSUER, { HTTPS_PROXY: 'socks5://x', NO_PROXY: 'rollcall.example' })).toBe(
      'direct',
    )
  })

  it.each([
    ['no_proxy', { no_proxy: 'rollcall.example', NO_PROXY: 'x' }],
    ['NO_PROXY', { no_proxy: '', NO_PROXY: 'rollcall.example' }],
  ])('reads %s', (_, env) => {
    expect(routeTo(ISSUER, { ...env, HTTPS_PROXY: URL_OF_PROXY })).toBe('direct')
  })
})
