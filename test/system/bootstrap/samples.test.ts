// What people copy in order to start bootstrap.sh: user data, the loop for older versions of curl, the unit for systemd,
// and the resource for Terraform, each as far as it runs without a cloud.

import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pathWith, problem, runScript } from '../../support/bootstrap.ts'
import { type ClientServers, startClientServers } from '../../support/client-servers.ts'
import { reservePort } from '../../support/ports.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import { readProjectFile } from '../../support/sources.ts'
import { ROLE, claimsOf } from '../../support/test-enroller.ts'

const USER_DATA = readProjectFile('docs/samples/user-data.yaml')
const UNIT = readProjectFile('docs/samples/rollcall-bootstrap.service')
const TERRAFORM = readProjectFile('docs/samples/instance.tf')
const PAGE = readProjectFile('docs/instances.md')
const run = promisify(execFile)

let servers: ClientServers
let folder: string
beforeAll(async () => {
  servers = await startClientServers()
  folder = mkdtempSync(join(tmpdir(), 'rollcall-samples-'))
})
afterAll(async () => {
  await servers.close()
  rmSync(folder, { recursive: true })
})

/** An instance: a folder in place of /run, and a `join` that keeps the token that it is given. */
const createInstance = () => {
  const place = mkdtempSync(join(folder, 'instance-'))
  const joined = join(place, 'joined')
  const joiner = join(place, 'join')
  writeFileSync(joiner, `#!/bin/sh\ncat "$1" >'${joined}' || echo nothing >'${joined}'\n`)
  chmodSync(joiner, 0o755)
  return {
    place,
    joiner,
    /** The sample with this instance's files, fetched from a port. */
    fit: (sample: string, port: number): string =>
      sample
        .replaceAll('https://rollcall.example/', `http://127.0.0.1:${port}/`)
        .replaceAll('https://rollcall.example', servers.url)
        .replaceAll('/usr/local/bin/join', joiner)
        .replaceAll(/\/run\/|%t\//g, `${place}/`),
    token: (): string | undefined =>
      existsSync(joined) ? readFileSync(joined, 'utf8') : undefined,
  }
}

/** The service under another port, on which nothing listens for the first seconds. */
const startLate = (port: number, seconds: number): (() => void) => {
  const target = Number(new URL(servers.url).port)
  const server = createServer((client) => {
    const service = connect(target, '127.0.0.1')
    client.on('error', () => undefined).pipe(service)
    service.on('error', () => undefined).pipe(client)
  })
  const timer = setTimeout(() => server.listen(port, '127.0.0.1'), seconds * 1000)
  return () => {
    clearTimeout(timer)
    server.close()
  }
}

/** The script that cloud-init makes of `runcmd`. */
const byCloudInit = async (context: TestContext, userData: string): Promise<string> => {
  requireTool(context, 'cloud-init', 'apt-get install --no-install-recommends cloud-init')
  const program =
    'import sys, yaml; from cloudinit import util; print(util.shellify(yaml.safe_load(sys.argv[1])["runcmd"]))'
  return (await run('/usr/bin/python3', ['-c', program, userData])).stdout
}

const METADATA = () => ({ ROLLCALL_METADATA_URL: servers.metadataUrl })
const expectToken = (token: string | undefined): void =>
  expect(claimsOf(String(token))).toMatchObject({ role: ROLE })

describe('the user data', () => {
  it('is what docs/instances.md shows, and what cloud-init takes', async (context) => {
    expect(PAGE).toContain(`\`\`\`yaml\n${USER_DATA}\`\`\`\n`)
    const tool = requireTool(context, 'cloud-init', 'apt-get install cloud-init')
    const file = join(folder, 'user-data.yaml')
    writeFileSync(file, USER_DATA)
    const { stdout } = await run(tool, ['schema', '--config-file', file])
    expect(stdout).toMatch(/^Valid (?:schema|cloud-config)/m)
  })

  it('enrolls and joins where the service comes up seconds later', async (context) => {
    const { fit, token } = createInstance()
    const port = await reservePort()
    const stop = startLate(port, 2)
    const script = await byCloudInit(context, fit(USER_DATA, port))
    const { status, stderr } = await runScript(['sh'], script, METADATA()).finally(stop)
    expect(status, stderr).toBe(0)
    expectToken(token())
  })

  it('shows cloud-init a failure and never joins where no service answers', async (context) => {
    const { fit, token } = createInstance()
    const impatient = USER_DATA.replace('--retry 9', '--retry 1')
    const script = await byCloudInit(context, fit(impatient, await reservePort()))
    const { status } = await runScript(['sh'], script, METADATA())
    expect([status, token()]).toEqual([7, undefined])
  })

  it('never joins where the enrollment is refused', async (context) => {
    const { fit, token } = createInstance()
    const script = await byCloudInit(context, fit(USER_DATA, Number(new URL(servers.url).port)))
    const env = { ...METADATA(), ROLLCALL_ROLE: 'other' }
    expect((await runScript(['sh'], script, env)).status).toBe(4)
    expect(token()).toBeUndefined()
  })
})

describe('the loop for older versions of curl', () => {
  const [, loop = ''] = /```sh\n(tries=0\n[^]*?)```/.exec(PAGE) ?? []
  const old = (name: string): string =>
    pathWith(mkdtempSync(join(folder, name)), {
      sleep: `exec ${findTool('sleep')} 0.3`,
      curl: `case $* in *--retry*) exit 2 ;; esac\nexec ${findTool('curl')} "$@"`,
    })

  it('fetches the script where the service comes up later', async () => {
    const { fit, place } = createInstance()
    const port = await reservePort()
    const stop = startLate(port, 1)
    const { status } = await runScript(['sh'], fit(loop, port), { PATH: old('loop-') }).finally(
      stop,
    )
    expect(status).toBe(0)
    expect(readFileSync(join(place, 'bootstrap.sh'), 'utf8')).toMatch(/^main "\$@"$/m)
  })

  it('ends with 1 where no service answers', async () => {
    const script = createInstance().fit(loop, await reservePort())
    expect((await runScript(['sh'], script, { PATH: old('loop-') })).status).toBe(1)
  })
})

describe('the unit', () => {
  const valuesOf = (unit: string, name: string): string[] =>
    [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value)

  /** Runs its commands in their order, as systemd does, until one fails. */
  const start = async (unit: string, env: Record<string, string> = {}): Promise<number | null> => {
    const variables = valuesOf(unit, 'Environment').map(
      (line) => line.split('=') as [string, string],
    )
    for (const name of ['ExecStartPre', 'ExecStart', 'ExecStartPost']) {
      for (const line of valuesOf(unit, name)) {
        const all = { ...METADATA(), ...Object.fromEntries(variables), ...env }
        const { status } = await runScript(['sh'], line, all)
        if (status !== 0) return status
      }
    }
    return 0
  }
  /** An instance with the unit, its runtime folder made. */
  const createUnit = (port: number) => {
    const instance = createInstance()
    const [name = ''] = valuesOf(UNIT, 'RuntimeDirectory')
    pathWith(join(instance.place, name), {})
    return { ...instance, unit: instance.fit(UNIT, port) }
  }
  const here = (): number => Number(new URL(servers.url).port)

  it('is what docs/instances.md shows, and what systemd takes', async (context) => {
    expect(PAGE).toContain(`\`\`\`ini\n${UNIT}\`\`\`\n`)
    const tool = requireTool(context, 'systemd-analyze', 'apt-get install systemd')
    const file = join(folder, 'rollcall-bootstrap.service')
    writeFileSync(file, UNIT.replace('/usr/local/bin/join', createInstance().joiner))
    const { stdout, stderr } = await run(tool, ['verify', '--man=no', file])
    expect(stdout + stderr).not.toContain('rollcall-bootstrap')
  })

  it('tries again without end after all but wrong usage', () => {
    expect(valuesOf(UNIT, 'Restart')).toEqual(['on-failure'])
    expect(valuesOf(UNIT, 'StartLimitIntervalSec')).toEqual(['0'])
    expect(valuesOf(UNIT, 'RestartPreventExitStatus')).toEqual(['2'])
  })

  it('enrolls and joins where the service comes up seconds later', async () => {
    const port = await reservePort()
    const { unit, token } = createUnit(port)
    const stop = startLate(port, 2)
    expect(await start(unit).finally(stop)).toBe(0)
    expectToken(token())
  })

  it('enrolls when it is started again after a refusal', async () => {
    const { unit, token } = createUnit(here())
    servers.intercept = (request) =>
      request.method === 'POST' ? problem(403, 'not_admitted') : undefined
    expect(await start(unit)).toBe(4)
    expect(token()).toBeUndefined()
    servers.intercept = () => undefined
    expect(await start(unit)).toBe(0)
    expectToken(token())
  })

  it("does not end with 2, and so for good, at a portal's page in place of the script", async () => {
    const { unit, token } = createUnit(here())
    servers.intercept = () => new Response('<html>Sign in</html>\n')
    expect(await start(unit)).toBe(1)
    servers.intercept = () => undefined
    expect(token()).toBeUndefined()
  })
})

describe('the resource for Terraform', () => {
  const terraformOf = (context: TestContext): string =>
    requireTool(context, 'terraform', 'from its maker; Debian has no package')

  it('is what docs/instances.md shows, formatted', async (context) => {
    expect(PAGE).toContain(`\`\`\`hcl\n${TERRAFORM}\`\`\`\n`)
    const place = mkdtempSync(join(folder, 'terraform-'))
    writeFileSync(join(place, 'main.tf'), TERRAFORM)
    expect((await run(terraformOf(context), ['fmt', '-check', '-diff', place])).stdout).toBe('')
  })

  it('has user data that cloud-init takes, and asks for tokens only where that is said', async (context) => {
    const place = mkdtempSync(join(folder, 'terraform-'))
    // Without the resource, whose provider is not here.
    const [, tokens = ''] = /^ +http_tokens += (.*)$/m.exec(TERRAFORM) ?? []
    const own = TERRAFORM.replace(/^resource [^]*?^\}\n/m, '')
    writeFileSync(join(place, 'main.tf'), `${own}\noutput "tokens" {\n  value = ${tokens}\n}\n`)
    const evaluate = async (expression: string, ...more: string[]): Promise<string> => {
      const names = ['image_id', 'vswitch_id', 'security_group_id']
      const variables = [
        ...names.map((name) => `${name}=x`),
        'rollcall_url=https://a.example',
        ...more,
      ]
      const words = variables.flatMap((variable) => ['-var', `'${variable}'`]).join(' ')
      const line = `echo '${expression}' | '${terraformOf(context)}' console ${words}`
      const { stdout } = await run('sh', ['-c', line], { cwd: place })
      return JSON.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as string) as string
    }
    expect(await evaluate(`jsonencode(${tokens})`)).toBe('optional')
    expect(await evaluate(`jsonencode(${tokens})`, 'hardened_only=true')).toBe('required')
    const tool = requireTool(context, 'cloud-init', 'apt-get install cloud-init')
    const file = join(place, 'user-data.yaml')
    writeFileSync(file, await evaluate('jsonencode(local.user_data)'))
    expect(readFileSync(file, 'utf8')).toContain('https://a.example')
    const { stdout } = await run(tool, ['schema', '--config-file', file])
    expect(stdout).toMatch(/^Valid (?:schema|cloud-config)/m)
  })
})
