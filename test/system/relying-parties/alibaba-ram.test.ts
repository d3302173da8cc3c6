// AssumeRoleWithOIDC of Alibaba Cloud: `rollcall enroll --renew` keeps a file, the official SDK reads it, and STS checks
// the token and the trust policy that `rollcall recipe alibaba-ram` prints. Only STS is a stand-in.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestKey, makeKey } from '../../cases/state/independent-jws.ts'
import { makeOperatorToken } from '../../cases/state/operator-token.ts'
import { type EmulatorServer, startEmulator } from '../../../src/cli/emulator-server.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { recipeFiles } from '../../generate/recipes.ts'
import { resignToken } from '../../support/bad-tokens.ts'
import { type FakeSts, type TrustPolicy, startFakeSts } from '../../support/fake-sts.ts'
import { claimsOf } from '../../support/http.ts'
import { type RunningProcess, startProcess, waitUntil } from '../../support/processes.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import { ROOT } from '../../support/sources.ts'
import { type ServiceProcess, startService } from '../../support/start-service.ts'
import { createTestCa } from '../../support/tls-certificates.ts'

const AUDIENCE = 'https://ram.example/worker'
const RAM_ACCOUNT = '1234123412341234'
const TOKEN_SECONDS = 3
/** The SDK asks again when less than 15 minutes are left: so after a second. */
const CREDENTIAL_SECONDS = 15 * 60 + 1
const LIMIT_MS = 60_000

const folder = mkdtempSync(join(tmpdir(), 'rollcall-ram-'))
const tokenFile = join(folder, 'ram.jwt')
const privateKeys = JSON.stringify(await generateSigningKeys('RS256'))
const tsx = ['--import', import.meta.resolve('tsx')]
const running: { stop(): Promise<unknown> }[] = []

let operator: TestKey
let emulator: EmulatorServer
let service: ServiceProcess
let sts: FakeSts
let sdk: RunningProcess
let account = ''

/** The lines of the file of variables that the recipe prints. */
const readVariables = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
  )

const start = async (): Promise<void> => {
  operator = await makeKey()
  emulator = await startEmulator()
  account = emulator.emulator.instances[0]?.ownerAccountId ?? ''
  service = await startService('Node', {
    variables: {
      ROLLCALL_SIGNING_KEYS: privateKeys,
      ROLLCALL_TRUST_ANCHORS: emulator.emulator.certificatePem,
      ROLLCALL_ADMIN_KEYS: JSON.stringify({ keys: [operator.jwk] }),
      ROLLCALL_POLICY: JSON.stringify({
        roles: {
          worker: {
            match: { owner_account_id: [account] },
            token: { audience: [AUDIENCE], lifetime_seconds: TOKEN_SECONDS },
            reenrollment: 'always',
          },
        },
      }),
    },
  })
  running.push(service)
  // RAM takes issuers with https only, and so does the recipe; the service of this test has no TLS.
  const printed = 'https://issuer.test'
  const issuer = service.url
  const files = recipeFiles('alibaba-ram', {
    issuer: printed,
    audience: AUDIENCE,
    role: ['worker'],
    account: [account],
    ramAccount: RAM_ACCOUNT,
  })
  const fileOf = (name: string): string =>
    (files.find(({ path }) => path.endsWith(name))?.text ?? '').replaceAll(printed, issuer)
  const variables = readVariables(fileOf('alibaba-cloud.env'))
  const ca = createTestCa(join(folder, 'ca'))
  sts = await startFakeSts({
    certificate: ca.certificateFor('localhost'),
    providerArn: variables['ALIBABA_CLOUD_OIDC_PROVIDER_ARN'] ?? '',
    roleArn: variables['ALIBABA_CLOUD_ROLE_ARN'] ?? '',
    issuer: service.url,
    clientIds: [AUDIENCE],
    issuanceLimitHours: 1,
    trustPolicy: JSON.parse(fileOf('trust-policy.json')) as TrustPolicy,
    lifetimeSeconds: CREDENTIAL_SECONDS,
  })
  const enroll = ['enroll', service.url, '--role', 'worker', '--resource', AUDIENCE]
  const stay = ['--out', tokenFile, '--renew', '--metadata-url', emulator.url]
  running.push(
    startProcess(process.execPath, [...tsx, join(ROOT, 'src/cli/rollcall.ts'), ...enroll, ...stay]),
  )
  const written = (): boolean => readToken() !== ''
  await waitUntil(written, { seconds: 30, what: 'the first token' })
  sdk = startProcess(
    process.execPath,
    [...tsx, join(ROOT, 'test/system/relying-parties/alibaba-sdk.ts')],
    {
      ...variables,
      ALIBABA_CLOUD_OIDC_TOKEN_FILE: tokenFile,
      NODE_EXTRA_CA_CERTS: ca.file,
      STS_ENDPOINT: sts.endpoint,
    },
  )
  running.push(sdk)
}

const readToken = (): string => {
  try {
    return readFileSync(tokenFile, 'utf8')
  } catch {
    return ''
  }
}

const printed = (): string[] => sdk.output.stdout.trimEnd().split('\n')
const admitted = () => sts.calls.filter(({ answer }) => answer.startsWith('security-token-'))

const hasOpenssl = findTool('openssl') !== undefined
beforeAll(async () => {
  if (hasOpenssl) await start()
}, LIMIT_MS)
afterAll(async () => {
  for (const process of running.toReversed()) await process.stop()
  await sts?.close()
  await emulator?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe(
  'the official SDK of Alibaba Cloud',
  () => {
    it('reads the file of rollcall enroll, and gets credentials of the RAM role', async (context) => {
      requireTool(context, 'openssl', 'apt-get install openssl')
      const alive = (): boolean => sdk.child.exitCode === null
      await waitUntil(() => admitted().length > 0 && sdk.output.stdout !== '', {
        seconds: 30,
        what: 'credentials',
        alive,
      })
      expect(claimsOf(admitted()[0]?.token ?? '')).toMatchObject({
        iss: service.url,
        aud: [AUDIENCE],
        role: 'worker',
        sub: expect.stringMatching(
          new RegExp(`^acs:ecs:[a-z0-9-]+:${account}:instance/i-`),
        ) as string,
      })
      expect(printed()[0]).toBe('security-token-0')
    })

    it('takes the renewed file at its next refresh', async (context) => {
      requireTool(context, 'openssl', 'apt-get install openssl')
      const tokens = (): string[] => [...new Set(admitted().map(({ token }) => token))]
      await waitUntil(() => tokens().length > 1, { seconds: 30, what: 'a second token' })
      const [first, second] = tokens().map((token) => claimsOf(token))
      expect(second?.['jti']).not.toBe(first?.['jti'])
      await waitUntil(() => printed().length > 1, { seconds: 10, what: 'second credentials' })
      expect(sts.calls.every(({ answer }) => answer.startsWith('security-token-'))).toBe(true)
    })

    it('keeps its credentials after a ban, but gets no new ones once the token has expired', async (context) => {
      requireTool(context, 'openssl', 'apt-get install openssl')
      const { instanceId = '' } = emulator.emulator.instances[0] ?? {}
      const now = Math.floor(Date.now() / 1000)
      const banned = await fetch(`${service.url}/v1/admin/bans/instance/${instanceId}`, {
        method: 'PUT',
        headers: {
          Authorization: `Bearer ${makeOperatorToken(operator, { sub: 'o', aud: service.url, now })}`,
          'Content-Type': 'application/json',
        },
        body: JSON.stringify({ reason: 'test' }),
      })
      expect(banned.status).toBe(200)
      const refused = 'AuthenticationFail.OIDCToken.Expired'
      const last = (): string | undefined => sts.calls.at(-1)?.answer
      await waitUntil(() => last() === refused, { seconds: 40, what: 'a refusal of STS' })
      // The program asks the SDK five times a second, and would end if it got no credentials.
      const before = printed()
      await wait(1000)
      expect({ lines: printed(), exit: sdk.child.exitCode }).toEqual({ lines: before, exit: null })
    })
  },
  LIMIT_MS,
)

describe('the trust policy of the recipe', () => {
  it.for<[string, Readonly<Record<string, unknown>>, string]>([
    [
      'another audience',
      { aud: ['https://ram.example/admin'] },
      'AuthenticationFail.OIDCToken.aud',
    ],
    ['another issuer', { iss: 'https://other.test' }, 'AuthenticationFail.OIDCToken.iss'],
    ['another account', { sub: 'acs:ecs:cn-hangzhou:9:instance/i-a' }, 'NoPermission'],
    ['no account at all', { sub: 'instance/i-a' }, 'NoPermission'],
    ['no end', { exp: undefined }, 'AuthenticationFail.OIDCToken.exp'],
    ['an old iat', { iat: 1_700_000_000 }, 'AuthenticationFail.OIDCToken.Expired'],
  ])('refuses a token of %s', async ([, change, code], context) => {
    requireTool(context, 'openssl', 'apt-get install openssl')
    const source = { goodToken: admitted()[0]?.token ?? '', privateKeys }
    const exp = Math.floor(Date.now() / 1000) + 60
    expect(await sts.judge(resignToken(source, { exp }))).toBeUndefined()
    expect(await sts.judge(resignToken(source, { exp, ...change }))).toBe(code)
  })

  it('admits a token of another role, since RAM sees no role: the page says so', async (context) => {
    requireTool(context, 'openssl', 'apt-get install openssl')
    const source = { goodToken: admitted()[0]?.token ?? '', privateKeys }
    const exp = Math.floor(Date.now() / 1000) + 60
    expect(await sts.judge(resignToken(source, { exp, role: 'admin' }))).toBeUndefined()
  })
})
