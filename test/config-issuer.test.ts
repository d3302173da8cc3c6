// The issuer, which stands in tokens, headers and scripts exactly as it is configured.

import { beforeAll, describe, expect, it } from 'vitest'
import { parseConfig } from '../src/config.ts'
import { generateSigningKeys } from '../src/token/generate.ts'

const POLICY = JSON.stringify({
  roles: {
    worker: {
      match: { owner_account_id: ['1609123456789012'] },
      token: { audience: ['https://cluster.example'] },
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
    'https://rollcall.example',
    'https://rollcall.example:8443',
    'https://[2001:db8::1]',
    'https://10.0.0.1',
    'http://localhost:8787',
    'http://127.0.0.1:8787',
    'http://[::1]:8787',
  ])('the issuer %s exactly as it stands', async (issuer) => {
    expect(await issuerOf(issuer)).toBe(issuer)
  })
})

describe('parseConfig() refuses the issuer', () => {
  const SHAPE = 'expected https://HOST or https://HOST:PORT, in lower case, nothing behind it'
  const SECURE = 'expected https; http is for localhost only'
  it.each([
    ['with a path', 'https://rollcall.example/v1', SHAPE],
    ['with a slash at its end', 'https://rollcall.example/', SHAPE],
    ['with a query', 'https://rollcall.example?x', SHAPE],
    ['with a fragment', 'https://rollcall.example#x', SHAPE],
    ['in upper case', 'https://Rollcall.example', SHAPE],
    ['with a scheme in upper case', 'HTTPS://rollcall.example', SHAPE],
    ['with the default port', 'https://rollcall.example:443', SHAPE],
    ['with a user', 'https://user:secret@rollcall.example', SHAPE],
    ['without a scheme', 'rollcall.example', SHAPE],
    ['with white space', ' https://rollcall.example', SHAPE],
    ['with a line end', 'https://rollcall.example\n', SHAPE],
    ['that is not ASCII', 'https://röllcall.example', SHAPE],
    ['that would end a header’s text', 'https://rollcall"x.example', SHAPE],
    ['that would end a shell’s text', "https://rollcall'x.example", SHAPE],
    ['that a shell would run', 'https://$(id).example', SHAPE],
    ['over http', 'http://rollcall.example', SECURE],
    ['over http, with a name like localhost', 'http://localhost.example', SECURE],
    ['over http, of another machine', 'http://10.0.0.1:8787', SECURE],
    ['of another scheme', 'ftp://rollcall.example', SECURE],
    ['of a file', 'file:///etc', SHAPE],
  ])('%s', async (_name, issuer, problem) => {
    await expect(issuerOf(issuer)).rejects.toMatchObject({
      problems: [`ROLLCALL_ISSUER: ${problem}`],
    })
  })
})
