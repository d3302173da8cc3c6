// s.yaml as Serverless Devs renders it, offline, with what the deploying person's environment adds.

import { Ajv } from 'ajv'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config.ts'
import { OPERATOR_CALLS } from '../../../src/base/wire/operator-calls.ts'
import { ledgerReader } from '../../../src/ledger/configured.ts'
import { POLICY } from '../../support/test-service.ts'
import { createCommand } from '../../support/command.ts'
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
const command = createCommand()
let environment: Record<string, string> = {}

const LEDGER = 'redis://:pass%23word-of-the-test@r-1.redis.rds.test:6379'

/** The files of the code package, by name: the largest keys that a rotation makes, and the keys of two operators. */
const packageFiles = async (): Promise<Record<string, string>> => {
  const run = async (...args: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await command.run(args)
    if (status !== 0) throw new Error(stderr)
    return stdout
  }
  await run('keygen', '--algorithm', 'RS256', '--out', 'signing-keys.json')
  await run('keygen', '--rotate', 'signing-keys.json')
  const sets = [
    await run('admin', 'keygen', '--algorithm', 'RS256', '--out', 'alice.json'),
    await run('admin', 'keygen', '--algorithm', 'RS256', '--out', 'bob.json'),
  ].map((text) => JSON.parse(text) as { readonly keys: readonly object[] })
  return {
    'policy.json': JSON.stringify(POLICY),
    'signing-keys.json': readFileSync(join(command.folder, 'signing-keys.json'), 'utf8'),
    'admin-keys.json': JSON.stringify({ keys: sets.flatMap(({ keys }) => keys) }),
    'ledger-url': LEDGER,
  }
}

/** Runs `s preview` on a file. @returns what it has written */
const preview = async (
  file: string,
  env: Record<string, string>,
  args: readonly string[] = [],
): Promise<{ stdout: string; stderr: string }> => {
  const preview = ['--yes', '@serverless-devs/s@3.1.10', 'preview', '--template', file]
  return promisify(execFile)('npx', [...preview, ...args], {
    cwd: ROOT,
    timeout: LIMIT_MS,
    // It keeps notes, which belong into no home of anybody's, and would look for a newer version.
    env: cleanEnvironment({ ...env, serverless_devs_config_home: folder, NO_UPDATE_NOTIFIER: '1' }),
  })
}

/** Renders a text as `s` would deploy it. */
const render = async (text: string, env: Record<string, string>): Promise<Rendered> => {
  const file = join(folder, 's.yaml')
  writeFileSync(file, text)
  const { stdout } = await preview(file, env, ['--silent', '--output-format', 'json'])
  return JSON.parse(stdout) as Rendered
}

/** Every file below a folder, with its text. */
const textsBelow = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))

const ajv = new Ajv({ allErrors: true })
const problems = (schema: object, value: unknown): string[] => {
  ajv.validate(schema, value)
  return (ajv.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

describe('s.yaml', () => {
  let rendered: Rendered
  let service: Props
  let files: Record<string, string> = {}

  beforeAll(async () => {
    environment = {
      FC_REGION: 'ap-southeast-1',
      FC_DOMAIN: 'rollcall.test',
      FC_CERTIFICATE_ID: '12345678-ap-southeast-1',
      FC_VPC: 'vpc-1',
      FC_VSWITCH: 'vsw-1',
      FC_SECURITY_GROUP: 'sg-1',
    }
    files = await packageFiles()
    rendered = await render(source, environment)
    service = rendered.resources.service.props
  }, LIMIT_MS)
  afterAll(() => {
    command.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is what the components take', () => {
    const { service, domain } = rendered.resources
    expect([service.component, domain.component]).toEqual(['fc3', 'fc3-domain'])
    expect(problems(FUNCTION_SCHEMA, service.props)).toEqual([])
    expect(problems(DOMAIN_SCHEMA, domain.props)).toEqual([])
  })

  it.each([
    ['a region that does not exist', { region: 'cn-nowhere' }],
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

  /** The service's configuration of a rendered environment, with the files of the code package. */
  const configure = (props: Props) =>
    parseConfig(props.environmentVariables, {
      readLedger: ledgerReader(['redis']),
      readFile: async (path) => {
        const text = files[path.replace(/^\/code\//, '')]
        if (text === undefined) throw new Error(`ENOENT: ${path}`)
        return text
      },
    })

  it('makes a configuration that the service takes, whatever its keys weigh', async () => {
    const { environmentVariables: env } = service
    expect(Object.entries(env).flat().join('').length).toBeLessThan(MAX_ENVIRONMENT_BYTES / 8)
    // As variables these would not have been deployed.
    expect(Object.values(files).join('').length).toBeGreaterThan(MAX_ENVIRONMENT_BYTES)
    const config = await configure(service)
    expect(config.issuer).toBe('https://rollcall.test')
    expect(config.ledger).toEqual({ kind: 'redis', url: LEDGER })
    expect(config.signingKeys.jwks.keys).toHaveLength(2)
    expect(config.operatorKeys).toHaveLength(2)
  })

  it('makes a configuration that the service refuses as long as the domain is a placeholder', async () => {
    const { props } = (await render(source, { ...environment, FC_DOMAIN: 'rollcall.example' }))
      .resources.service
    await expect(configure(props)).rejects.toMatchObject({
      problems: [expect.stringContaining('"https://rollcall.example" is a placeholder')],
    })
  })

  it('takes every file from the code package, where the build puts it', () => {
    const named = Object.values(service.environmentVariables)
      .filter((value) => value.startsWith('/code/'))
      .map((value) => value.replace('/code/', ''))
    expect(named.toSorted()).toEqual(Object.keys(files).toSorted())
    const build = readProjectFile('functions/deployment-files.ts')
    for (const name of named) expect(build).toContain(`'${name}': `)
  })

  it('puts no secret into what `s preview` prints, nor into its logs', async () => {
    const place = join(folder, 'project')
    mkdirSync(join(place, 'dist/functions'), { recursive: true })
    writeFileSync(join(place, 's.yaml'), source)
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(place, 'dist/functions', name), text)
    }
    // In the environment too, where somebody has them from an earlier deployment.
    const secrets = {
      ROLLCALL_SIGNING_KEYS: files['signing-keys.json'] ?? '',
      ROLLCALL_LEDGER: LEDGER,
    }
    const env = { ...environment, ...secrets, FC_DOMAIN: 'seen-in-the-log.test' }
    const { stdout, stderr } = await preview(join(place, 's.yaml'), env, ['--debug'])
    const logs = textsBelow(join(folder, '.s'))
    expect(logs.join()).toContain('seen-in-the-log.test')
    const { keys } = JSON.parse(files['signing-keys.json'] ?? '') as {
      readonly keys: readonly Readonly<Record<string, string>>[]
    }
    const members = keys.flatMap(({ d = '', p = '', q = '' }) => [d, p, q])
    expect(members.filter((member) => member.length > 100)).toHaveLength(6)
    for (const secret of [...members, 'word-of-the-test']) {
      for (const text of [stdout, stderr, ...logs]) expect(text.includes(secret)).toBe(false)
    }
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

  it('takes the option that it has as a comment: a VPC', async () => {
    const name = /^( +)# (vpcConfig:|internetAccess:|  \w+: )/gm
    const { props } = (await render(source.replaceAll(name, '$1$2'), environment)).resources.service
    expect(problems(FUNCTION_SCHEMA, props)).toEqual([])
    expect(props).toMatchObject({
      vpcConfig: { vpcId: 'vpc-1', vSwitchIds: ['vsw-1'], securityGroupId: 'sg-1' },
      internetAccess: false,
    })
  })

  it('is not deployed without the variables that have no default: all but the region', async () => {
    const defaults = [...source.matchAll(/env\('(\w+)', /g)].map(([, name]) => name)
    expect(defaults).toEqual(['FC_REGION'])
    const { FC_CERTIFICATE_ID: _, ...others } = environment
    const failure = await render(source, others).catch((error: unknown) => error)
    expect(failure).toHaveProperty(
      'stdout',
      expect.stringContaining("env('FC_CERTIFICATE_ID') not found"),
    )
  })
})
