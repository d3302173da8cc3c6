// `rollcall token`: what it shows of a token, which tokens it verifies, and that its proofs are accepted.

import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { createTokenVerifier } from '../../../src/relying-party/index.ts'
import { verifyProof } from '../../../src/token/proof.ts'
import { BAD_TOKENS, BAD_TOKEN_NAMES, makeBadTokens } from '../../support/bad-tokens.ts'
import { APP, BOUND_APP, type BoundToken, createBoundToken } from '../../support/bound-token.ts'
import {
  type RollcallCommand,
  type Run,
  type RunOptions,
  createCommand,
} from '../../support/command.ts'
import { generateInstanceKey } from '../../support/instance-key.ts'
import { reservePort } from '../../support/ports.ts'
import { htmlPage } from '../../support/problem.ts'
import { CLUSTER, ROLE, claimsOf } from '../../support/test-enroller.ts'

let command: RollcallCommand
let bound: BoundToken
/** Tokens in exchange, also in files of their names. */
let tokens: { readonly app: string; readonly boundApp: string }
beforeAll(async () => {
  const secrets = (): string[] =>
    tokens === undefined ? [] : [...bound.secrets, bound.accessToken, tokens.app, tokens.boundApp]
  command = createCommand(secrets)
  bound = await createBoundToken(command.folder)
  const exchanged = async (audience: string, name: string): Promise<string> => {
    const files = ['--token', 'token.jwt', '--dpop-key', 'key.json']
    const { url, timing } = bound.servers
    const { stdout } = await command.run(['exchange', url, ...files, '--audience', audience], {
      timing,
    })
    writeFileSync(file(name), stdout)
    return stdout
  }
  tokens = {
    app: await exchanged(APP, 'app.jwt'),
    boundApp: await exchanged(BOUND_APP, 'bound.jwt'),
  }
  writeFileSync(file('other.json'), JSON.stringify(await generateInstanceKey()), {
    mode: 0o600,
  })
})
afterEach(() => {
  bound.servers.intercept = () => undefined
})
afterAll(async () => {
  await bound.servers.close()
  command.remove()
})

const file = (name: string): string => join(command.folder, name)

const token = (args: readonly string[], options: RunOptions = {}): Promise<Run> =>
  command.run(['token', ...args], { timing: bound.servers.timing, ...options })

const encoded = (claims: object): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.AA`

describe('rollcall token inspect', () => {
  it('shows header, claims and times, and says that nothing was verified', async () => {
    const { status, stdout } = await token(['inspect', 'token.jwt'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/^not verified: anybody may have written this/)
    const { jti, ecs } = claimsOf(bound.accessToken) as { jti: string; ecs: object }
    expect(stdout).toMatch(/^header alg +ES256$/m)
    expect(stdout).toMatch(new RegExp(`^jti +${jti}$`, 'm'))
    expect(stdout).toMatch(new RegExp(`^aud +\\["${CLUSTER}"\\]$`, 'm'))
    for (const [name, value] of Object.entries(ecs)) {
      expect(stdout).toMatch(new RegExp(`^ecs\\.${name} +${String(value)}$`, 'm'))
    }
    expect(stdout).toMatch(/^exp +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, in \d minutes/m)
    expect(stdout).toMatch(/^expires +in \d minutes/m)
    expect(stdout).toMatch(
      new RegExp(`^bound +to the key ${bound.dpopKey.thumbprint}: each request needs a proof`, 'm'),
    )
    expect(stdout).not.toMatch(/^exchanged/m)
  })

  it('says of a token whether it is bound and whether it was exchanged', async () => {
    const { stdout } = await token(['inspect', '-'], { stdin: tokens.app })
    expect(stdout).toMatch(/^bound +no: everyone who has the token can use it$/m)
    const parent = String(claimsOf(bound.accessToken)['jti'])
    expect(stdout).toMatch(new RegExp(`^exchanged +for the token ${parent}:`, 'm'))
    const json = JSON.parse((await token(['inspect', '--json', 'bound.jwt'])).stdout) as object
    expect(json).toMatchObject({
      verified: false,
      header: { alg: 'ES256', typ: 'JWT' },
      claims: claimsOf(tokens.boundApp),
      bound: true,
      exchanged: true,
      expired: false,
      expires_at: expect.stringMatching(/Z$/),
    })
  })

  it('says that a token has expired, and that one never does', async () => {
    const old = await token(['inspect', '-'], { stdin: encoded({ exp: 1_000_000_000 }) })
    expect(old.status).toBe(0)
    expect(old.stdout).toMatch(/^expires +\d+ days .*ago: it has expired/m)
    const never = await token(['inspect', '-'], { stdin: encoded({ exp: 'soon' }) })
    expect(never.stdout).toMatch(/^expires +never, by this token/m)
    const json = await token(['inspect', '-', '--json'], { stdin: encoded({}) })
    expect(JSON.parse(json.stdout)).toEqual({
      verified: false,
      header: {},
      claims: {},
      bound: false,
      exchanged: false,
    })
  })

  it('ends with 1 for a broken token, and with 2 for a file without a token', async () => {
    const broken = await token(['inspect', '-'], { stdin: 'aaaa.bbbb.cccc' })
    expect(broken).toMatchObject({ status: 1, stdout: '' })
    expect(broken.stderr).toContain('standard input: the header or the claims of the token are not')
    expect((await token(['inspect', 'key.json'])).status).toBe(2)
    expect((await token(['inspect', 'no.jwt'])).status).toBe(2)
  })

  it('lets nothing of a token move the cursor', async () => {
    const { stdout } = await token(['inspect', '-'], { stdin: encoded({ '\u001b[2J': '\u009b' }) })
    // eslint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/[\u001b\u009b]/)
  })
})

describe('rollcall token proof', () => {
  const URL_ = 'https://app.example/a%2Fb/../c'
  const FILES = ['--token', 'token.jwt', '--dpop-key', 'key.json']

  const expected = (): Parameters<typeof verifyProof>[1] => ({
    method: 'GET',
    uri: URL_,
    accessToken: bound.accessToken,
    jkt: bound.dpopKey.thumbprint,
    now: bound.servers.timing.now(),
  })

  it('prints a proof that a relying party accepts once, for this request', async () => {
    const url = `${bound.servers.url}/nodes`
    const { status, stdout, stderr } = await token(['proof', `${url}?page=1`, ...FILES])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const verifier = createTokenVerifier({
      issuer: bound.servers.url,
      audience: CLUSTER,
      bound: 'require',
      proofs: createMemoryLedger(0),
      publicUrl: bound.servers.url,
    })
    const now = bound.servers.timing.now()
    const proof = { value: stdout, method: 'GET', path: '/nodes' }
    const verify = (shown = proof) => verifier.verify(bound.accessToken, { proof: shown, now })
    await expect(verify({ ...proof, method: 'POST' })).rejects.toMatchObject({
      code: 'dpop_method_mismatch',
    })
    expect(await verify()).toMatchObject({ role: ROLE })
    await expect(verify()).rejects.toMatchObject({ code: 'dpop_replayed' })
  })

  it('leaves the path as it was typed, and takes the method', async () => {
    const { stdout } = await token(['proof', `${URL_}#f`, ...FILES, '--method', 'POST'])
    expect(await verifyProof(stdout, { ...expected(), method: 'POST' })).toMatchObject({ ok: true })
    const json = await token(['proof', URL_, ...FILES, '--json'])
    const { dpop } = JSON.parse(json.stdout) as { dpop: string }
    expect(await verifyProof(dpop, expected())).toMatchObject({ ok: true })
  })

  it('is right with a clock that is wrong by a year, by the time since the file was written', async () => {
    const { timing } = bound.servers
    const now = (): number => timing.now() + 3e7
    utimesSync(file('token.jwt'), now() - 1, now() - 1)
    const run = await token(['proof', URL_, ...FILES], { timing: { ...timing, now } })
    expect(run.stderr).toContain('using the time since token.jwt was written')
    expect(await verifyProof(run.stdout, expected())).toMatchObject({ ok: true })
  })

  it('warns of a token that has expired by the clock', async () => {
    const { timing } = bound.servers
    const shifted = { ...timing, now: () => timing.now() + 3e7 }
    const args = ['proof', URL_, '--token', '-', '--dpop-key', 'key.json']
    const run = await token(args, { stdin: bound.accessToken, timing: shifted })
    expect(run.status).toBe(0)
    expect(run.stderr).toContain('warning: the token has expired by the clock of this machine')
  })

  it.each<readonly [string, readonly string[], string]>([
    ['an unbound token', ['--token', 'app.jwt'], 'needs no proof; send it as "Bearer"'],
    ['another key', ['--dpop-key', 'other.json'], 'the token is bound to another key'],
    ['a method in lower case', ['--method', 'get'], 'expected a method in upper case'],
    ['no token', ['--token', ''], '--token is missing'],
    ['no key', ['--dpop-key', ''], '--dpop-key is missing'],
  ])('makes none with %s', async (_, args, said) => {
    const run = await token(['proof', URL_, ...FILES, ...args])
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain(said)
  })

  it.each(['app.example', 'ftp://app.example', 'https://user:pass@app.example/'])(
    'makes none for %s',
    async (url) => {
      expect(await token(['proof', url, ...FILES])).toMatchObject({ status: 2, stdout: '' })
    },
  )
})

describe('rollcall token verify', () => {
  const verify = (path: string, args: readonly string[] = [], options?: RunOptions): Promise<Run> =>
    token(['verify', path, '--issuer', bound.servers.url, '--audience', APP, ...args], options)

  it('verifies an unbound token and shows its claims', async () => {
    const { status, stdout, stderr } = await verify('app.jwt')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^verified: issued by http:\S+; expires in /)
    expect(stdout).toMatch(new RegExp(`^role +${ROLE}$`, 'm'))
    const json = JSON.parse((await verify('-', ['--json'], { stdin: tokens.app })).stdout) as object
    expect(json).toMatchObject({ verified: true, claims: claimsOf(tokens.app) })
  })

  it('takes the issuer from the environment', async () => {
    const env = { ROLLCALL_ISSUER: bound.servers.url }
    expect((await token(['verify', 'app.jwt', '--audience', APP], { env })).status).toBe(0)
    const missing = await token(['verify', 'app.jwt', '--audience', APP])
    expect(missing.status).toBe(2)
    expect(missing.stderr).toContain('--issuer is missing: give https://HOST')
  })

  it('verifies a bound token with its key only', async () => {
    const args = ['--audience', BOUND_APP]
    const alone = await verify('bound.jwt', args)
    expect(alone.status).toBe(1)
    expect(alone.stdout).toMatch(/^refused: bound_token_refused\nmeans: .*\nnext: give --dpop-key/)
    expect((await verify('bound.jwt', [...args, '--dpop-key', 'key.json'])).status).toBe(0)
    const other = await verify('bound.jwt', [...args, '--dpop-key', 'other.json'])
    expect(other.stdout).toMatch(/^refused: dpop_key_mismatch\n/)
    expect(other.status).toBe(1)
    const unbound = await verify('app.jwt', ['--dpop-key', 'key.json'])
    expect(unbound.stdout).toMatch(/^refused: binding_required\n.*\nnext: leave --dpop-key out/)
  })

  it('refuses another audience, another role, an expired and a changed token', async () => {
    const codeOf = async (run: Promise<Run>): Promise<unknown> => {
      const { status, stdout } = await run
      expect(status).toBe(1)
      const { code, detail, remedy, verified } = JSON.parse(stdout) as Record<string, string>
      expect({ verified, detail, remedy }).toEqual({
        verified: false,
        detail: expect.stringMatching(/^\S/),
        remedy: expect.stringMatching(/^\S/),
      })
      return code
    }
    const json = ['--json']
    expect(await codeOf(verify('app.jwt', [...json, '--audience', 'x']))).toBe('audience_mismatch')
    expect(await codeOf(verify('app.jwt', [...json, '--role', 'x']))).toBe('role_not_allowed')
    expect((await verify('app.jwt', ['--role', 'x', '--role', ROLE])).status).toBe(0)
    const { timing } = bound.servers
    const late = { ...timing, now: () => timing.now() + 300 }
    expect(await codeOf(verify('app.jwt', json, { timing: late }))).toBe('token_expired')
    const [head, payload] = tokens.app.split('.') as [string, string]
    const stdin = `${head}.${payload}.${'A'.repeat(86)}`
    expect(await codeOf(verify('-', json, { stdin }))).toBe('signature_invalid')
  })

  it('refuses all bad tokens by the check of the library, and says what to do', async () => {
    const { privateKeys } = bound.servers
    const results = await Promise.all(
      makeBadTokens({ goodToken: tokens.app, privateKeys }).map(async ([name, stdin]) => {
        const { status, stdout } = await verify('-', ['--json', '--role', ROLE], { stdin })
        const { code, remedy } = JSON.parse(stdout || '{}') as { code?: string; remedy?: string }
        return [name, { status, code, hasRemedy: remedy !== undefined }]
      }),
    )
    const expected = BAD_TOKEN_NAMES.map((name) => [
      name,
      name === 'two parts alone'
        ? // This is no token, as the file of a token must be.
          { status: 2, code: undefined, hasRemedy: false }
        : { status: 1, code: BAD_TOKENS[name].library, hasRemedy: true },
    ])
    expect(Object.fromEntries(results)).toEqual(Object.fromEntries(expected))
  })

  it('ends with 5 if the keys are not available: nobody listens, or a portal answers', async () => {
    const port = await reservePort()
    const down = await verify('app.jwt', ['--issuer', `http://127.0.0.1:${port}`])
    expect(down).toMatchObject({ status: 5, stdout: '' })
    expect(down.stderr).toContain('is not available (the connection was refused')
    bound.servers.intercept = () => htmlPage(200)
    const portal = await verify('app.jwt')
    expect(portal).toMatchObject({ status: 5, stdout: '' })
    expect(portal.stderr).toContain('check --issuer')
  })
})
