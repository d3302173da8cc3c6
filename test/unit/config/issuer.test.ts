// The issuer, which stands in tokens, headers and scripts exactly as it is configured.

import { beforeAll, describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'

const POLICY = JSON.stringify({
  roles: {
    worker: {
      match: { owner_account_id: ['1609123456789012'] },
      token: { audience: ['https://cluster.test'] },
      reenrollment: 'always',
    },
  },
})

let signingKeys: string
beforeAll(async () => {
  signingKeys = JSON.stringify(await generateSigningKeys('ES256'))
})

const issuerOf = async (issuer: string): Promise<string> => {
  const env = { ROLLCALL_SIGNING_KEYS: signingKeys, ROLLCALL_POLICY: POLICY }
  const config = await parseConfig({ ...env, ROLLCALL_ISSUER: issuer }, {})
  return config.issuer
}

describe('parseConfig() takes', () => {
  it.each([
    'https://rollcall.test',
    'https://rollcall.test:8443',
    'https://[2001:db8::1]',
    'https://10.0.0.1',
    'http://localhost:8787',
    'http://127.0.0.1:8787',
    'http://[::1]:8787',
    'https://rollcall.example.com',
    'https://myexample',
  ])('the issuer %s exactly as it stands', async (issuer) => {
    expect(await issuerOf(issuer)).toBe(issuer)
  })

  it.each(['\n', '\r\n', ' ', ' \t\r\n\n'])('the issuer without %j at its end', async (end) => {
    expect(await issuerOf(`https://rollcall.test${end}`)).toBe('https://rollcall.test')
  })
})

describe('parseConfig() refuses the issuer', () => {
  const write = (what: string): string => `${what}; write "https://rollcall.test"`
  const NO_URL = 'is not an http or https URL; write https://HOST or https://HOST:PORT'
  const HOST = 'has a host that is neither letters, digits, ".", "-" and "_" nor an address'
  const secure = (issuer: string): string =>
    `"${issuer}" is not encrypted; use https (http is for localhost only)`
  const placeholder = (issuer: string): string =>
    `"${issuer}" is a placeholder; set the URL at which instances reach this service`
  it.each([
    ['with a path', 'https://rollcall.test/v1', write('has a path')],
    [
      'with a slash at its end',
      'https://rollcall.test/',
      '"https://rollcall.test/" has a trailing slash; remove it',
    ],
    ['with a query', 'https://rollcall.test?x', write('has a query')],
    ['with a fragment', 'https://rollcall.test#x', write('has a fragment')],
    ['in upper case', 'https://Rollcall.test', write('has upper-case letters')],
    ['with a scheme in upper case', 'HTTPS://rollcall.test', write('has upper-case letters')],
    [
      'with the default port',
      'https://rollcall.test:443',
      write('has a port that is the default or not in its shortest form'),
    ],
    [
      'with a user, whose password is not shown',
      'https://user:secret@rollcall.test',
      write('has a user name or password'),
    ],
    ['without a scheme', 'rollcall.test', NO_URL],
    ['with white space before it', ' https://rollcall.test', write('has white space')],
    [
      'that is not ASCII',
      'https://röllcall.test',
      'has a host that is not in its usual form; write "https://xn--rllcall-90a.test"',
    ],
    ['that would end a header’s text', 'https://rollcall"x.test', HOST],
    ['that would end a shell’s text', "https://rollcall'x.test", HOST],
    ['that a shell would run', 'https://$(id).test', HOST],
    ['over http', 'http://rollcall.test', secure('http://rollcall.test')],
    [
      'over http, with a name like localhost',
      'http://localhost.test',
      secure('http://localhost.test'),
    ],
    ['over http, of another machine', 'http://10.0.0.1:8787', secure('http://10.0.0.1:8787')],
    ['of another scheme', 'ftp://rollcall.test', NO_URL],
    ['of a file', 'file:///etc', NO_URL],
    ['of the samples', 'https://rollcall.example', placeholder('https://rollcall.example')],
    ['of a name for examples', 'https://example', placeholder('https://example')],
    ['that is invalid by its name', 'https://x.invalid:1', placeholder('https://x.invalid:1')],
    ['of the samples, with a dot behind', 'https://a.example.', placeholder('https://a.example.')],
  ])('%s', async (_name, issuer, problem) => {
    await expect(issuerOf(issuer)).rejects.toMatchObject({
      problems: [`ROLLCALL_ISSUER: ${problem}`],
    })
  })
})
