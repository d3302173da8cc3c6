// `rollcall kubernetes config`: what it prints, and which options it refuses. What the file does with tokens is in
// authentication-configuration.test.ts.

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RollcallCommand, type Run, createCommand } from '../../../support/command.ts'
import {
  configurationProblems,
  parseConfiguration,
} from '../../../support/kubernetes/configuration-problems.ts'
import { sharedTestCloud } from '../../../support/test-cloud.ts'

let command: RollcallCommand
let ca: string
beforeAll(async () => {
  command = createCommand()
  ca = (await sharedTestCloud()).certificatePem
  writeFileSync(join(command.folder, 'ca.pem'), ca)
})
afterAll(() => command.remove())

const GOOD = {
  '': 'https://rollcall.example',
  '--audience': 'cluster-1',
  '--role': 'node,worker',
  '--account': '1234,5678',
}

const OLD = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n'

const config = (changes: Readonly<Record<string, string | undefined>> = {}): Promise<Run> =>
  command.run([
    'kubernetes',
    'config',
    ...Object.entries({ ...GOOD, ...changes }).flatMap(([name, value]) =>
      value === undefined ? [] : name === '' ? [value] : [name, value],
    ),
  ])

describe('rollcall kubernetes config', () => {
  it('prints a file that an API server takes', async () => {
    const { status, stdout, stderr } = await config()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(configurationProblems(stdout)).toEqual([])
    const { apiVersion, jwt } = parseConfiguration(stdout)
    expect(apiVersion).toBe('apiserver.config.k8s.io/v1')
    const [{ issuer, claimMappings, claimValidationRules = [] } = expect.fail()] = jwt
    expect(issuer).toEqual({
      url: 'https://rollcall.example',
      audiences: ['cluster-1'],
      audienceMatchPolicy: 'MatchAny',
    })
    expect(claimMappings.username.expression).toBe(
      '"system:node:" + claims.ecs.region_id + "." + claims.ecs.instance_id',
    )
    expect(claimMappings.groups?.expression).toBe('["system:nodes"]')
    const rules = claimValidationRules.map(({ expression }) => expression)
    expect(rules).toContain('claims.role in ["node", "worker"]')
    expect(rules).toContain('claims.ecs.owner_account_id in ["1234", "5678"]')
    expect(stdout).not.toMatch(/claims\.groups/)
  })

  it('names the attributes of users by the host of the issuer, without its port', async () => {
    const { stdout } = await config({ '': 'https://rollcall.example:8443/' })
    expect(configurationProblems(stdout)).toEqual([])
    const [jwt] = parseConfiguration(stdout).jwt
    expect(jwt?.issuer.url).toBe('https://rollcall.example:8443')
    expect(jwt?.claimMappings.extra?.map(({ key }) => key)).toEqual([
      'rollcall.example/addresses',
      'rollcall.example/role',
    ])
  })

  it('prints the version for older clusters, another template, and the paths of anonymous callers', async () => {
    const { status, stdout } = await config({
      '--api-version': 'v1beta1',
      '--node': 'prod-{instance_id}.{serial_number}',
      '--anonymous-paths': '/livez,/readyz,/healthz',
    })
    expect(status).toBe(0)
    expect(configurationProblems(stdout)).toEqual([])
    const { apiVersion, anonymous, jwt } = parseConfiguration(stdout)
    expect(apiVersion).toBe('apiserver.config.k8s.io/v1beta1')
    expect(anonymous?.conditions?.map(({ path }) => path)).toEqual([
      '/livez',
      '/readyz',
      '/healthz',
    ])
    expect(jwt[0]?.claimMappings.username.expression).toBe(
      '"system:node:" + "prod-" + claims.ecs.instance_id + "." + claims.ecs.serial_number.lowerAscii()',
    )
  })

  it('copies the certificates of --ca, and nothing else of that file', async () => {
    writeFileSync(join(command.folder, 'two.pem'), `a comment: x\n${ca}\nanother\n${ca}`)
    const { status, stdout } = await config({ '--ca': 'two.pem' })
    expect(status).toBe(0)
    expect(configurationProblems(stdout)).toEqual([])
    const pem = parseConfiguration(stdout).jwt[0]?.issuer.certificateAuthority ?? ''
    expect(pem.replaceAll('\n', '')).toBe((ca + ca).replaceAll('\n', ''))
    expect(stdout).not.toContain('comment: x')
  })

  it('writes the file of --out, which keeps its mode and the links to it', async () => {
    const file = join(command.folder, 'authentication.yaml')
    const { stdout: printed } = await config()
    const { status, stdout, stderr } = await config({ '--out': 'authentication.yaml' })
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: '',
      stderr: expect.stringContaining('wrote authentication.yaml'),
    })
    expect(readFileSync(file, 'utf8')).toBe(printed)
    expect(statSync(file).mode & 0o777).toBe(0o644)
    chmodSync(file, 0o640)
    symlinkSync('authentication.yaml', join(command.folder, 'link.yaml'))
    expect((await config({ '--out': 'link.yaml', '--role': 'other' })).status).toBe(0)
    expect(readFileSync(file, 'utf8')).toContain('"other"')
    expect(statSync(file).mode & 0o777).toBe(0o640)
    expect(lstatSync(join(command.folder, 'link.yaml')).isSymbolicLink()).toBe(true)
  })

  it('makes the file that links lead to, and follows no links in a circle', async () => {
    const folder = join(command.folder, 'links')
    mkdirSync(join(folder, 'real', 'deep'), { recursive: true })
    symlinkSync('real/deep', join(folder, 'way'))
    // Relative to the folder that the first link leads to.
    symlinkSync('../second.yaml', join(folder, 'real', 'deep', 'first.yaml'))
    symlinkSync('new.yaml', join(folder, 'real', 'second.yaml'))
    const run = await config({ '--out': 'links/way/first.yaml' })
    expect(run, run.stderr).toMatchObject({ status: 0 })
    const made = join(folder, 'real', 'new.yaml')
    expect(readFileSync(made, 'utf8')).toBe((await config()).stdout)
    expect(statSync(made).mode & 0o777).toBe(0o644)
    expect(lstatSync(made).isFile()).toBe(true)
    expect(readdirSync(join(folder, 'real', 'deep'))).toEqual(['first.yaml'])
    expect(readdirSync(join(folder, 'real'))).toEqual(['deep', 'new.yaml', 'second.yaml'])
    expect(lstatSync(join(folder, 'way', 'first.yaml')).isSymbolicLink()).toBe(true)

    symlinkSync('nowhere/a.yaml', join(folder, 'astray.yaml'))
    symlinkSync('circle.yaml', join(folder, 'circle.yaml'))
    for (const name of ['astray.yaml', 'circle.yaml']) {
      const bad = await config({ '--out': `links/${name}` })
      expect(bad).toMatchObject({ status: 2, stdout: '' })
      expect(bad.stderr).toContain(`--out: `)
      expect(bad.stderr).toContain(`links/${name}`)
      expect(lstatSync(join(folder, name)).isSymbolicLink()).toBe(true)
    }
    expect(existsSync(join(folder, 'nowhere'))).toBe(false)
  })

  it('replaces no file of something else, and no pipe', async () => {
    const folder = join(command.folder, 'wrong')
    mkdirSync(folder)
    execFileSync('mkfifo', [join(folder, 'pipe')])
    writeFileSync(join(folder, 'pod.yaml'), 'kind: Pod\n')
    const other = await config({ '--out': 'wrong/pod.yaml' })
    expect(other).toMatchObject({ status: 2, stdout: '' })
    expect(other.stderr).toContain(
      '--out: wrong/pod.yaml holds something other than an AuthenticationConfiguration',
    )
    expect(readFileSync(join(folder, 'pod.yaml'), 'utf8')).toBe('kind: Pod\n')
    const pipe = await config({ '--out': 'wrong/pipe' })
    expect(pipe).toMatchObject({ status: 2, stdout: '' })
    expect(pipe.stderr).toContain('--out: wrong/pipe is a folder, a device or a pipe')
    expect(lstatSync(join(folder, 'pipe')).isFIFO()).toBe(true)
    expect(readdirSync(folder)).toEqual(['pipe', 'pod.yaml'])
  })

  it.each<[string, string]>([
    ['a second document of another kind', `${OLD}---\nkind: Secret\ndata: {}\n`],
    ['a second document without a kind', `${OLD}---\npassword: x\n`],
    ['JSON of another kind behind it', `{"kind":"AuthenticationConfiguration"}\n{"key":"x"}\n`],
    ['a ConfigMap around it', `kind: ConfigMap\ndata:\n  a: |\n    ${OLD}`],
    ['user data that writes it', `#cloud-config\nwrite_files:\n  - content: |\n      ${OLD}`],
    ['a script that writes it', `#!/bin/sh\ncat >a.yaml <<END\n${OLD}END\n`],
    ['a disk image that begins with NUL', `${'\0'.repeat(65_536)}_BHRfS_M`],
    ['NUL that is longer than any file of this kind', '\0'.repeat(65_537)],
    ['one that is longer than 1 MiB', `${OLD}#${'x'.repeat(1_048_576)}\n`],
  ])('replaces no file with %s', async (_, text) => {
    const file = join(command.folder, 'other.yaml')
    writeFileSync(file, text)
    const run = await config({ '--out': 'other.yaml' })
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain('other.yaml holds something other than an Authentication')
    expect(readFileSync(file, 'utf8') === text).toBe(true)
  })

  it.each<[string, string]>([
    ['its own', ''],
    ['JSON', '{\n  "apiVersion": "x",\n  "kind": "AuthenticationConfiguration"\n}\n'],
    ['JSON on one line', '{"kind":"AuthenticationConfiguration","jwt":[]}'],
    ['another one, with comments', `# Mine.\r\n\n---\r\n${OLD}jwt:\n- issuer: {}\n# End.\n`],
    ['quoted names', '"kind": \'AuthenticationConfiguration\'\n'],
    ['NUL, after a crash', '\0'.repeat(65_536)],
  ])('replaces an old file: %s', async (_, text) => {
    const file = join(command.folder, 'old.yaml')
    const { stdout: printed } = await config({ '--role': 'other' })
    writeFileSync(file, text === '' ? printed : text)
    const { status, stderr } = await config({ '--out': 'old.yaml' })
    expect({ status, stderr }).toMatchObject({ status: 0 })
    expect(readFileSync(file, 'utf8')).toBe((await config()).stdout)
  })

  it('leaves the file of --out as it is after an error, and nothing beside it', async () => {
    const folder = join(command.folder, 'live')
    mkdirSync(folder)
    const file = join(folder, 'live.yaml')
    writeFileSync(file, 'kind: AuthenticationConfiguration')
    const errors = [
      await config({ '--out': 'live/live.yaml', '--account': 'YOUR-ACCOUNT-ID' }),
      await config({ '--out': 'live/live.yaml', '--ca': 'no.pem' }),
      await config({ '--out': 'live' }),
      await config({ '--out': 'nowhere/live.yaml' }),
    ]
    expect(errors.map(({ status }) => status)).toEqual([2, 2, 2, 2])
    expect(errors[2]?.stderr).toContain('--out: live is a folder, a device or a pipe')
    expect(errors[3]?.stderr).toContain('install -d -m 0700 nowhere')
    expect(readFileSync(file, 'utf8')).toBe('kind: AuthenticationConfiguration')
    expect(readdirSync(folder)).toEqual(['live.yaml'])
  })

  it.each<[Record<string, string | undefined>, string]>([
    [{ '': undefined }, 'ISSUER is missing: give the URL of the service'],
    [{ '': 'http://rollcall.example' }, 'ISSUER'],
    [
      { '': 'http://localhost:8443' },
      'ISSUER: Kubernetes accepts only https issuers; put the service behind TLS',
    ],
    [{ '': 'https://rollcall.example/path' }, 'ISSUER'],
    [{ '': 'https://rollcall.example?x=y' }, 'ISSUER'],
    [{ '': 'https://[::1]:8443' }, 'ISSUER: Kubernetes needs a DNS name as the host'],
    [{ '': 'https://roll_call.example' }, 'ISSUER: Kubernetes needs a DNS name as the host'],
    [{ '': 'https://rollcall.k8s.io' }, 'ISSUER: Kubernetes reserves rollcall.k8s.io for itself'],
    [{ '': 'https://kubernetes.io' }, 'ISSUER: Kubernetes reserves kubernetes.io for itself'],
    [{ '--audience': undefined }, '--audience is missing: give the audience of this cluster alone'],
    [{ '--audience': 'a b' }, '--audience: expected 1 to 256 printable ASCII characters'],
    [{ '--audience': 'a\nb' }, '--audience: expected 1 to 256 printable ASCII characters'],
    [{ '--audience': 'é' }, '--audience: expected 1 to 256 printable ASCII characters'],
    [{ '--role': undefined }, '--role is missing: give the roles of nodes'],
    [{ '--role': 'node,' }, '--role: "" is not a role'],
    [{ '--role': 'Node' }, '--role: "Node" is not a role'],
    [{ '--role': 'node, worker' }, '--role: " worker" is not a role'],
    [{ '--role': 'a"]||true' }, '--role: "a\\"]||true" is not a role'],
    [{ '--role': 'node,node' }, '--role: a value occurs twice'],
    [{ '--account': undefined }, '--account is missing: give the accounts of the nodes'],
    [{ '--account': '12x' }, '--account: "12x" is not the id of an account'],
    [{ '--account': '*' }, '--account: "*" is not the id of an account'],
    [{ '--node': '{region_id}' }, '--node: the name must tell instances apart; add {instance_id}'],
    [{ '--node': '{private_ipv4}' }, '--node: the cloud gives an address to another instance'],
    [{ '--node': '{groups}.{instance_id}' }, '--node: {groups} is not an attested field'],
    [{ '--node': '' }, '--node: the name must tell instances apart; add {instance_id}'],
    [{ '--api-version': 'v1alpha1' }, '--api-version: expected v1 or v1beta1, not v1alpha1'],
    [{ '--anonymous-paths': 'livez' }, '--anonymous-paths: "livez" is not a path'],
    [{ '--anonymous-paths': '/livez?x' }, '--anonymous-paths: "/livez?x" is not a path'],
    [{ '--ca': 'missing.pem' }, '--ca: cannot read missing.pem (ENOENT)'],
  ])('refuses %j: %s', async (changes, message) => {
    const { status, stdout, stderr } = await config(changes)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(`rollcall: ${message}`)
  })

  it.each([
    ['a key', `-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`, 'a private key'],
    ['no certificate', 'x', 'is not a file of PEM certificates'],
    [
      'a broken certificate',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      'is not a file of PEM certificates',
    ],
    ['nothing', '', 'is not a file of PEM certificates'],
  ])('refuses a --ca with %s', async (_, text, message) => {
    writeFileSync(join(command.folder, 'bad.pem'), text)
    const { status, stdout, stderr } = await config({ '--ca': 'bad.pem' })
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain('--ca: bad.pem ')
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('AAAA')
  })
})
