// s.yaml as Serverless Devs renders it, offline, with what the deploying person's environment adds.

import { Ajv } from 'ajv'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config.ts'
import { OPERATOR_CALLS } from '../../../src/base/wire/operator-calls.ts'
import { ledgerReader } from '../../../src/ledger/configured.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { POLICY } from '../../support/test-service.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { ROOT, readProjectFile } from '../../support/sources.ts'
import { DOMAIN_SCHEMA, FUNCTION_SCHEMA } from './s-yaml-schema.ts'

const LIMIT_MS = 60_000
const MAX_ENVIRONMENT_BYTES = 4096
/** A body may take 10 s; four calls of Redis, 2 s each. */
const SLOWEST_REQUEST_SECONDS = 18

interface Props {
  readonly [name: string]: unknown
  readonly region: string
  readonly functionName: string
  readonly code: string
  readonly environmentVariables: Readonly<Record<string, string>>
  readonly customRuntimeConfig: { readonly command: readonly string[]; readonly port: number }
  readonly timeout: number
  readonly instanceConcurrency: number
  readonly cpu: number
  readonly memorySize: number
  readonly triggers: readonly [
    { readonly triggerConfig: { readonly authType: string; readonly methods: readonly string[] } },
  ]
}

interface Rendered {
  readonly resources: {
    readonly service: { readonly component: string; readonly props: Props }
    readonly domain: {
      readonly component: string
      readonly props: Readonly<Record<string, unknown>>
    }
  }
}

const source = readProjectFile('s.yaml')
const folder = mkdtempSync(join(tmpdir(), 'rollcall-s-'))
let environment: Record<string, string> = {}

/** Renders a text as `s` would deploy it. */
const render = async (text: string, env: Record<string, string>): Promise<Rendered> => {
  const file = join(folder, 's.yaml')
  writeFileSync(file, text)
  const args = ['--yes', '@serverless-devs/s@3.1.10', 'preview', '--silent']
  const format = ['--template', file, '--output-format', 'json']
  const { stdout } = await promisify(execFile)('npx', [...args, ...format], {
    cwd: ROOT,
    timeout: LIMIT_MS,
    // It keeps notes, which belong into no home of anybody's, and would look for a newer version.
    env: cleanEnvironment({ ...env, serverless_devs_config_home: folder, NO_UPDATE_NOTIFIER: '1' }),
  })
  return JSON.parse(stdout) as Rendered
}

const ajv = new Ajv({ allErrors: true })
const problems = (schema: object, value: unknown): string[] => {
  ajv.validate(schema, value)
  return (ajv.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

describe('s.yaml', () => {
  let rendered: Rendered
  let service: Props

  beforeAll(async () => {
    environment = {
      FC_REGION: 'ap-southeast-1',
      FC_DOMAIN: 'rollcall.test',
      FC_CERTIFICATE_ID: '12345678-ap-southeast-1',
      FC_VPC: 'vpc-1',
      FC_VSWITCH: 'vsw-1',
      FC_SECURITY_GROUP: 'sg-1',
      ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
      ROLLCALL_LEDGER: 'redis://:pass%23word@r-1.redis.rds.test:6379',
    }
    rendered = await render(source, environment)
    service = rendered.resources.service.props
  }, LIMIT_MS)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('is what the components take', () => {
    const { service, domain } = rendered.resources
    expect([service.component, domain.component]).toEqual(['fc3', 'fc3-domain'])
    expect(problems(FUNCTION_SCHEMA, service.props)).toEqual([])
    expect(problems(DOMAIN_SCHEMA, domain.props)).toEqual([])
  })

  it.each([
    ['a region that is none', { region: 'cn-nowhere' }],
    ['a name that is misspelt', { instanceConcurency: 50 }],
    [
      'a runtime without Node 24',
      { layers: ['acs:fc:cn-hangzhou:official:layers/Nodejs20/versions/1'] },
    ],
    ['a memory that can not be had', { memorySize: 500 }],
    ['a trigger without methods', { triggers: [{ triggerName: 'http', triggerType: 'http' }] }],
  ])('would be refused with %s', (_, change) => {
    expect(problems(FUNCTION_SCHEMA, { ...service, ...change })).not.toEqual([])
  })

  it('lets everybody ask, by every method that the service has', () => {
    const [{ triggerConfig }] = service.triggers
    const used = Object.values(OPERATOR_CALLS).map(({ method }) => method)
    expect(triggerConfig.authType).toBe('anonymous')
    expect(triggerConfig.methods).toEqual(
      expect.arrayContaining([...used, 'GET', 'POST', 'OPTIONS']),
    )
  })

  it('starts the bundle that is built, with the official Node, where the platform looks for it', () => {
    const { customRuntimeConfig, environmentVariables, code, layers, region } = service
    expect(customRuntimeConfig).toMatchObject({ command: ['node', '/code/fc.mjs'], port: 9000 })
    expect(environmentVariables['PATH']).toMatch(/^\/opt\/nodejs24\/bin:/)
    expect(layers).toEqual([`acs:fc:${region}:official:layers/Nodejs24/versions/1`])
    expect(code).toBe('./dist/functions')
    expect(readProjectFile('functions/build.ts')).toContain("'../dist/functions'")
  })

  it('gives a request more time than the slowest takes, and serves many at once', () => {
    expect(service.timeout).toBeGreaterThan(SLOWEST_REQUEST_SECONDS)
    expect(service.instanceConcurrency).toBeGreaterThan(10)
    const gibPerCpu = service.memorySize / 1024 / service.cpu
    expect(gibPerCpu).toBeGreaterThanOrEqual(1)
    expect(gibPerCpu).toBeLessThanOrEqual(4)
  })

  it('has no secret in it, and no role whose credentials a request could carry', () => {
    expect(source).not.toMatch(/"(?:kty|d|keys)"|rediss?:\/\/|BEGIN|LTAI/)
    expect(Object.keys(service)).not.toContain('role')
    expect(service['disableInjectCredentials']).toBe('All')
  })

  it('makes a configuration that the service takes, in less than the 4 KB of the platform', async () => {
    const { environmentVariables: env } = service
    const size = Object.entries(env).flat().join('').length
    expect(size).toBeLessThan(MAX_ENVIRONMENT_BYTES / 2)
    const config = await parseConfig(env, {
      readLedger: ledgerReader(['redis']),
      readFile: async (path) => (path === '/code/policy.json' ? JSON.stringify(POLICY) : ''),
    })
    expect(config.issuer).toBe('https://rollcall.test')
    expect(config.ledger).toEqual({ kind: 'redis', url: environment['ROLLCALL_LEDGER'] })
  })

  it('makes a configuration that the service refuses as long as the domain is a placeholder', async () => {
    const { props } = (await render(source, { ...environment, FC_DOMAIN: 'rollcall.example' }))
      .resources.service
    const runtime = {
      readLedger: ledgerReader(['redis']),
      readFile: async () => JSON.stringify(POLICY),
    }
    await expect(parseConfig(props.environmentVariables, runtime)).rejects.toMatchObject({
      problems: [expect.stringContaining('"https://rollcall.example" is a placeholder')],
    })
  })

  it('serves its domain by TLS alone, all of it by the function', () => {
    expect(rendered.resources.domain.props).toMatchObject({
      domainName: 'rollcall.test',
      protocol: 'HTTPS',
      certConfig: { certId: environment['FC_CERTIFICATE_ID'] },
      tlsConfig: { minVersion: 'TLSv1.2' },
      routeConfig: { routes: [{ path: '/*', functionName: service.functionName }] },
    })
    expect(service.environmentVariables['ROLLCALL_ISSUER']).toBe('https://rollcall.test')
  })

  it('takes the options that it has as comments: a VPC, and keys of operators', async () => {
    const name = /^( +)# (vpcConfig:|internetAccess:|ROLLCALL_ADMIN_KEYS:|  \w+: )/gm
    const keys = { ...environment, ROLLCALL_ADMIN_KEYS: '{"keys":[]}' }
    const { props } = (await render(source.replaceAll(name, '$1$2'), keys)).resources.service
    expect(problems(FUNCTION_SCHEMA, props)).toEqual([])
    expect(props).toMatchObject({
      vpcConfig: { vpcId: 'vpc-1', vSwitchIds: ['vsw-1'], securityGroupId: 'sg-1' },
      internetAccess: false,
      environmentVariables: { ROLLCALL_ADMIN_KEYS: '{"keys":[]}' },
    })
  })

  it('is not deployed without what has no default, which is all but the region', async () => {
    const defaults = [...source.matchAll(/env\('(\w+)', /g)].map(([, name]) => name)
    expect(defaults).toEqual(['FC_REGION'])
    const { ROLLCALL_SIGNING_KEYS: _, ...others } = environment
    const failure = await render(source, others).catch((error: unknown) => error)
    expect(failure).toHaveProperty(
      'stdout',
      expect.stringContaining("env('ROLLCALL_SIGNING_KEYS') not found"),
    )
  })
})
