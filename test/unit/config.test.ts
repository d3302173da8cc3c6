// The configuration: what it takes, every problem with it, all of them at once, and no secret in any.

import { beforeAll, describe, expect, it } from 'vitest'
import { type Config, type RuntimeOptions, parseConfig } from '../../src/config.ts'
import { WEB_CRYPTO } from '../../src/base/crypto.ts'
import { ConfigurationError } from '../../src/base/errors.ts'
import { ledgerReader } from '../../src/ledger/configured.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { parseSigningKeys } from '../../src/token/signing-keys.ts'
import { ALIBABA_CLOUD_TRUST_ANCHORS } from '../../src/verify/alibaba-cloud.ts'
import { makeKey } from '../cases/state/independent-jws.ts'
import { createTestCloud } from '../support/test-cloud.ts'

type Environment = Record<string, unknown>

const POLICY = JSON.stringify({
  roles: {
    worker: {
      match: { owner_account_id: ['1609123456789012'] },
      token: { audience: ['https://cluster.test'] },
      reenrollment: 'always',
    },
  },
})
const CHALLENGE_KEY = Buffer.alloc(32, 7).toString('base64url')

let good: Environment
let certificatePem: string
let files: Record<string, string>
let NODE: RuntimeOptions
const WORKERS: RuntimeOptions = {}
const DENO: RuntimeOptions = {
  readLedger: ledgerReader(['deno-kv', 'redis']),
  defaultLedger: { kind: 'deno-kv' },
}

beforeAll(async () => {
  good = {
    ROLLCALL_ISSUER: 'https://rollcall.test',
    ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
    ROLLCALL_POLICY: POLICY,
    ROLLCALL_LEDGER: 'memory:',
  }
  certificatePem = (await createTestCloud()).certificatePem
  files = { '/policy.json': `${POLICY}\n`, '/keys.json': String(good['ROLLCALL_SIGNING_KEYS']) }
  NODE = {
    readLedger: ledgerReader(['memory', 'sqlite', 'redis']),
    readFile: async (path) => {
      const text = files[path]
      if (text === undefined) throw new Error(`ENOENT: ${path}`)
      return text
    },
  }
})

const without = (...names: readonly string[]): Environment =>
  Object.fromEntries(Object.entries(good).filter(([name]) => !names.includes(name)))
const parse = (changes: Environment, runtime: RuntimeOptions = NODE): Promise<Config> =>
  parseConfig({ ...good, ...changes }, runtime)
const problemsOf = async (env: Environment, runtime: RuntimeOptions = NODE): Promise<unknown> => {
  const error: unknown = await parseConfig(env, runtime).catch((thrown: unknown) => thrown)
  if (!(error instanceof ConfigurationError)) throw new Error('the configuration was taken')
  for (const problem of error.problems) expect(error.message).toContain(`  - ${problem}`)
  return error.problems
}

describe('parseConfig() takes', () => {
  it('what is required, and fills in the rest', async () => {
    const { signingKeys, policy, ...rest } = await parse({})
    expect(rest).toEqual({
      issuer: 'https://rollcall.test',
      crypto: WEB_CRYPTO,
      importKeys: 'at start',
      trustAnchors: ALIBABA_CLOUD_TRUST_ANCHORS,
      ledger: { kind: 'memory' },
      challengeLifetimeSeconds: 120,
      challengeKeys: undefined,
      allowSha1: true,
      operatorKeys: undefined,
      relyingPartyKeys: undefined,
      proxies: [],
      auditAuthorize: false,
      host: '127.0.0.1',
      port: 8787,
      warnings: [
        'ROLLCALL_LEDGER: "memory:" loses all state when the process ends; use it for trials only',
      ],
    })
    expect(signingKeys.algorithms).toEqual(['ES256'])
    expect(policy.roles.map(({ name }) => name)).toEqual(['worker'])
  })

  it('everything that can be set', async () => {
    const config = await parse({
      ROLLCALL_TRUST_ANCHORS: certificatePem,
      ROLLCALL_CHALLENGE_LIFETIME_SECONDS: '30',
      ROLLCALL_CHALLENGE_KEYS: `${CHALLENGE_KEY}, ${CHALLENGE_KEY}`,
      ROLLCALL_ALLOW_SHA1: 'false',
      HOST: '::1',
      PORT: '0',
    })
    expect(config.trustAnchors).toHaveLength(1)
    expect(config.trustAnchors).not.toEqual(ALIBABA_CLOUD_TRUST_ANCHORS)
    expect(config.challengeKeys?.map(({ length }) => length)).toEqual([32, 32])
    expect(config).toMatchObject({
      challengeLifetimeSeconds: 30,
      allowSha1: false,
      host: '::1',
      port: 0,
    })
    expect(config.warnings).toContain(
      'ROLLCALL_TRUST_ANCHORS: 1 certificate replaces the built-in one of Alibaba Cloud; remove the ' +
        'variable to trust real instances',
    )
  })

  it('each of them from a file', async () => {
    const env = without('ROLLCALL_POLICY', 'ROLLCALL_SIGNING_KEYS')
    const named = {
      ROLLCALL_POLICY_FILE: '/policy.json',
      ROLLCALL_SIGNING_KEYS_FILE: '/keys.json',
    }
    const config = await parseConfig({ ...env, ...named }, NODE)
    expect(config.signingKeys.jwks).toEqual((await parse({})).signingKeys.jwks)
    expect(config.policy).toEqual((await parse({})).policy)
  })

  it.each([
    ['sqlite:/var/lib/rollcall.db', { kind: 'sqlite', path: '/var/lib/rollcall.db' }],
    ['redis://:secret@10.0.0.1', { kind: 'redis', url: 'redis://:secret@10.0.0.1' }],
    ['rediss://r.test:6380', { kind: 'redis', url: 'rediss://r.test:6380' }],
  ])('the ledger %s', async (text, ledger) => {
    expect((await parse({ ROLLCALL_LEDGER: text })).ledger).toEqual(ledger)
  })

  it('no ledger where the runtime has its own, and where it has a default', async () => {
    const env = without('ROLLCALL_LEDGER')
    expect((await parseConfig(env, WORKERS)).ledger).toBeUndefined()
    expect((await parseConfig(env, DENO)).ledger).toEqual({ kind: 'deno-kv' })
    const named = { ...env, ROLLCALL_LEDGER: 'deno-kv:/data/kv' }
    expect((await parseConfig(named, DENO)).ledger).toEqual({ kind: 'deno-kv', path: '/data/kv' })
  })

  it('the public keys of operators', async () => {
    const signing = await parseSigningKeys(await generateSigningKeys('ES256'))
    const { operatorKeys } = await parse({ ROLLCALL_ADMIN_KEYS: JSON.stringify(signing.jwks) })
    expect(operatorKeys?.map(({ thumbprint }) => thumbprint)).toEqual([signing.signer.kid])
  })

  it('an audience of a relying party that no role has, and warns of it', async () => {
    const { jwk } = await makeKey('ES256')
    const audiences = ['https://misspelt.test', 'https://cluster.test']
    const keys = JSON.stringify({ keys: [{ ...jwk, name: 'gateway', audiences }] })
    const { warnings } = await parse({ ROLLCALL_RELYING_PARTY_KEYS: keys })
    expect(warnings.filter((warning) => warning.startsWith('ROLLCALL_RELYING'))).toEqual([
      'ROLLCALL_RELYING_PARTY_KEYS: keys.0: "gateway" has the audience "https://misspelt.test", which no ' +
        'role gives tokens; check its spelling',
    ])
  })

  it('a role of a cluster with several audiences, and warns that its nodes must ask for one', async () => {
    const role = (audience: readonly string[]): object => ({
      match: { owner_account_id: ['1609123456789012'] },
      token: { audience },
      reenrollment: 'always',
    })
    const roles = {
      one: role(['https://cluster.test']),
      both: role(['https://cluster.test', 'https://mesh.test']),
      'not-a-node': role(['https://cluster.test', 'https://mesh.test']),
      elsewhere: {
        ...role(['https://a.test', 'https://b.test']),
        binding: 'dpop',
        exchange: [EXCHANGE],
      },
    }
    const { warnings } = await parse({
      ROLLCALL_POLICY: JSON.stringify({ roles }),
      ROLLCALL_KUBERNETES: JSON.stringify({
        audiences: ['https://cluster.test', EXCHANGE.audience],
        roles: ['one', 'both', 'elsewhere'],
        accounts: ['1609123456789012'],
        webhook_token_sha256: ['a'.repeat(64)],
      }),
    })
    expect(warnings.filter((warning) => warning.startsWith('ROLLCALL_KUBERNETES'))).toEqual([
      'ROLLCALL_KUBERNETES: roles.1: "both" has several audiences, and the cluster rejects such ' +
        'tokens; let nodes ask for one with resource',
    ])
  })

  it('names and bindings of others', () =>
    expect(
      parse({ PATH: '/bin', LEDGER: {}, rollcall_issuer: 'x', MY_ROLLCALL_X: 'x' }),
    ).resolves.toBeTruthy())
})

const EXCHANGE = { audience: 'urn:cluster', binding: 'none' }

describe('parseConfig() refuses', () => {
  const LEDGERS =
    'expected memory: (one process, for trying out), sqlite:PATH, redis://HOST:PORT or'
  const lifetime = (text: string): string => `"${text}" is not a whole number from 1 to 3600`
  const notKey = (at: number): string =>
    `key ${at} is not 32 bytes in base64url; separate keys by commas`
  it.each<readonly [string, unknown, string]>([
    ['ROLLCALL_SIGNING_KEYS', '{}', 'expected a JWKS, {"keys": [...]}'],
    ['ROLLCALL_SIGNING_KEYS', '{"keys":[{"kty":"oct","k":"AAAA"}]}', 'keys.0: a symmetric key'],
    ['ROLLCALL_POLICY', '{"roles":{}}', 'roles: expected at least one role'],
    ['ROLLCALL_POLICY', 'x', 'expected JSON'],
    ['ROLLCALL_POLICY', '', 'is empty; set a value, or remove the variable'],
    ['ROLLCALL_POLICY', { roles: {} }, 'is not a text but of type object'],
    ['ROLLCALL_TRUST_ANCHORS', 'x', 'malformed_encoding: no PEM certificate'],
    ['ROLLCALL_LEDGER', 'memory', 'expected memory:'],
    ['ROLLCALL_LEDGER', 'memory:x', 'expected memory: and nothing after it'],
    ['ROLLCALL_LEDGER', 'sqlite:', 'expected sqlite:PATH'],
    ['ROLLCALL_LEDGER', 'postgres://x', LEDGERS],
    ['ROLLCALL_LEDGER', 'redis://127.0.0.1?x=1', 'unknown parameter'],
    ['ROLLCALL_LEDGER', 'rediss://', 'expected redis://'],
    ['ROLLCALL_LEDGER', 'deno-kv:', LEDGERS],
    ['ROLLCALL_CHALLENGE_LIFETIME_SECONDS', '0', lifetime('0')],
    ['ROLLCALL_CHALLENGE_LIFETIME_SECONDS', '3601', lifetime('3601')],
    ['ROLLCALL_CHALLENGE_LIFETIME_SECONDS', '1.5', lifetime('1.5')],
    ['ROLLCALL_CHALLENGE_LIFETIME_SECONDS', '-1', lifetime('-1')],
    ['ROLLCALL_CHALLENGE_LIFETIME_SECONDS', '1e3', lifetime('1e3')],
    ['ROLLCALL_CHALLENGE_LIFETIME_SECONDS', ' 60', lifetime(' 60')],
    ['ROLLCALL_CHALLENGE_KEYS', 'AAAA', notKey(1)],
    ['ROLLCALL_CHALLENGE_KEYS', `${CHALLENGE_KEY},`, notKey(2)],
    ['ROLLCALL_CHALLENGE_KEYS', Buffer.alloc(32, 255).toString('base64'), notKey(1)],
    ['ROLLCALL_ALLOW_SHA1', 'yes', '"yes" is neither true nor false'],
    ['ROLLCALL_ALLOW_SHA1', 'False', '"False" is neither true nor false'],
    ['ROLLCALL_FRESHNESS', 'challenge', 'unknown name; remove it'],
    ['ROLLCALL_ADMIN_KEYS', '{"keys":[]}', 'expected a JWKS'],
    ['ROLLCALL_ADMIN_KEYS', '{"keys":[{"kty":"oct","k":"AAAA"}]}', 'keys.0: this is a private key'],
    ['ROLLCALL_ADMIN_KEYS', '{"keys":[{"kty":"EC"}]}', 'keys.0: expected a key of P-256'],
    ['ROLLCALL_RELYING_PARTY_KEYS', '{"keys":[]}', 'expected a JWKS'],
    ['ROLLCALL_RELYING_PARTY_KEYS', '{"keys":[{"kty":"EC"}]}', 'keys.0: expected a key of P-256'],
    ['ROLLCALL_ISSUERS', 'https://x.test', 'unknown name; did you mean ROLLCALL_ISSUER?'],
    ['ROLLCALL_POLICY_FILES', '/policy.json', 'unknown name; did you mean ROLLCALL_POLICY_FILE?'],
    ['ROLLCALL_', '', 'unknown name; remove it'],
    ['PORT', '65536', '"65536" is not a whole number from 0 to 65535'],
    ['PORT', 'http', '"http" is not a whole number from 0 to 65535'],
    ['HOST', 'a host', '"a host" is neither an address nor a host name'],
    ['ROLLCALL_TRUST_ANCHORS_FILE', '/nothing', 'cannot read /nothing; check that the file exists'],
    ['ROLLCALL_TRUST_ANCHORS_FILE', {}, 'is not the path of a file'],
    [
      'ROLLCALL_POLICY_FILE',
      '/policy.json',
      'ROLLCALL_POLICY: is set together with ROLLCALL_POLICY_',
    ],
  ])('%s = %j', async (name, value, problem) => {
    await parse({})
    const problems = await problemsOf({ ...good, [name]: value })
    const start = problem.startsWith('ROLLCALL_') ? problem : `${name}: ${problem}`
    expect(problems).toEqual([expect.stringContaining(start)])
    expect((problems as string[])[0]?.startsWith(start)).toBe(true)
  })

  it('keys of operators that hold a private key or sign tokens', async () => {
    const own = await generateSigningKeys('ES256')
    const env = { ...good, ROLLCALL_ADMIN_KEYS: JSON.stringify(own) }
    expect(await problemsOf(env)).toEqual([
      'ROLLCALL_ADMIN_KEYS: keys.0: this is a private key; give public keys only',
    ])
    const { jwks } = await parseSigningKeys(good['ROLLCALL_SIGNING_KEYS'])
    expect(await problemsOf({ ...good, ROLLCALL_ADMIN_KEYS: JSON.stringify(jwks) })).toEqual([
      'ROLLCALL_ADMIN_KEYS: keys.0: this key also signs tokens; give operators keys of their own',
    ])
  })

  it('keys of relying parties that sign tokens or are an operator’s, by their path', async () => {
    const [first, second] = [await makeKey('ES256'), await makeKey('ES256')]
    const about = { name: 'gateway', audiences: ['https://cluster.test'] }
    const { jwks } = await parseSigningKeys(good['ROLLCALL_SIGNING_KEYS'])
    const [signing] = jwks.keys
    const env = (...keys: readonly object[]): Environment => ({
      ...good,
      ROLLCALL_ADMIN_KEYS: JSON.stringify({ keys: [second.jwk] }),
      ROLLCALL_RELYING_PARTY_KEYS: JSON.stringify({
        keys: keys.map((key) => ({ ...key, ...about })),
      }),
    })
    const problem = (text: string): string =>
      `ROLLCALL_RELYING_PARTY_KEYS: keys.1: this key ${text}`
    expect(await problemsOf(env(first.jwk, { ...signing }))).toEqual([
      problem('also signs tokens; give relying parties keys of their own'),
    ])
    expect(await problemsOf(env(first.jwk, second.jwk))).toEqual([
      problem('is in ROLLCALL_ADMIN_KEYS, too; give relying parties keys of their own'),
    ])
    expect((await parseConfig(env(first.jwk), NODE)).relyingPartyKeys).toMatchObject([about])
  })

  it.each(['ROLLCALL_ISSUER', 'ROLLCALL_SIGNING_KEYS', 'ROLLCALL_POLICY', 'ROLLCALL_LEDGER'])(
    'an environment without %s',
    async (name) => {
      const required = [expect.stringMatching(new RegExp(`^${name}: required; `))]
      expect(await problemsOf(without(name))).toEqual(required)
      // Also where something else has a name that begins alike.
      expect(await problemsOf({ ...without(name), [`${name}_X`]: 'x' })).toEqual([
        expect.stringContaining(`${name}_X: unknown name; did you mean ${name}?`),
        ...required,
      ])
    },
  )

  it('memory: on Workers', async () => {
    expect(await problemsOf(good, WORKERS)).toEqual([
      'ROLLCALL_LEDGER: cannot be set here, because this runtime has a ledger of its own; remove it',
    ])
  })

  it('a file where there is no file system', async () => {
    const env = without('ROLLCALL_LEDGER', 'ROLLCALL_POLICY')
    expect(await problemsOf({ ...env, ROLLCALL_POLICY_FILE: '/policy.json' }, WORKERS)).toEqual([
      'ROLLCALL_POLICY_FILE: cannot be used, because this runtime has no file system; set ROLLCALL_POLICY',
    ])
  })

  it('everything that is wrong at once, in the order of the names', async () => {
    const problems = await problemsOf({
      ROLLCALL_ISSUER: 'http://rollcall.test/',
      ROLLCALL_POLICY: '{"roles":{"worker":{"match":{},"token":{}}}}',
      ROLLCALL_LEDGER: 'redis://',
      ROLLCALL_CHALLENGE_KEYS: 'x',
      ROLLCALL_ALLOW_SHA1: 'maybe',
      ROLLCALL_ADMIN_KEYS: 'x',
      ROLLCALL_TYPO: 'x',
      PORT: 'x',
    })
    expect((problems as string[]).map((problem) => problem.split(': ', 2).join(': '))).toEqual([
      expect.stringContaining('ROLLCALL_TYPO: unknown name'),
      expect.stringContaining('ROLLCALL_ISSUER: "http'),
      expect.stringContaining('ROLLCALL_SIGNING_KEYS: required'),
      'ROLLCALL_POLICY: roles.worker.match.owner_account_id',
      'ROLLCALL_POLICY: roles.worker.token.audience',
      'ROLLCALL_POLICY: roles.worker.reenrollment',
      expect.stringContaining('ROLLCALL_LEDGER: expected redis://'),
      expect.stringContaining('ROLLCALL_CHALLENGE_KEYS: key 1 is not'),
      expect.stringContaining('ROLLCALL_ALLOW_SHA1: "maybe" is'),
      expect.stringContaining('ROLLCALL_ADMIN_KEYS: expected a JWKS'),
      expect.stringContaining('PORT: "x" is not'),
    ])
  })
})

describe('parseConfig() says no secret', () => {
  it('whatever is wrong beside it', async () => {
    const keys = JSON.parse(String(good['ROLLCALL_SIGNING_KEYS'])) as { keys: Environment[] }
    const [key] = keys.keys
    const [other] = (await generateSigningKeys('ES256')).keys
    const secret = String(key?.['d'])
    const sets = [
      { keys: [key, key] },
      { keys: [{ ...key, d: `${secret}!` }] },
      { keys: [{ ...key, kid: secret }] },
      { keys: [{ ...key, alg: secret }] },
      { keys: [{ ...key, kty: secret }] },
      { keys: [{ ...key, x: other?.x, y: other?.y }] },
      { keys: [{ kty: 'oct', k: secret }] },
      { keys: [secret] },
      secret,
    ]
    const environments = sets.map((set) => ({ ROLLCALL_SIGNING_KEYS: JSON.stringify(set) }))
    for (const name of Object.keys({
      ...good,
      ROLLCALL_CHALLENGE_KEYS: '',
      ROLLCALL_X: '',
      PORT: '',
      ROLLCALL_ALLOW_SHA1: '',
      ROLLCALL_POLICY_FILE: '',
    })) {
      environments.push({ [name]: secret.slice(1) } as never)
    }
    for (const changes of [...environments, { ROLLCALL_SIGNING_KEYS: `{"keys":["${secret}` }]) {
      const problems = JSON.stringify(await problemsOf({ ...good, ...changes }))
      const pieces = (secret.match(/.{12}/g) ?? []).filter((piece) => problems.includes(piece))
      expect(pieces, problems).toEqual([])
    }
  })
})
