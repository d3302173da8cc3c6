// `npm run emulator` as a process, asked with curl.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startEmulator } from '../../../src/cli/emulator-server.ts'
import { decodePkcs7 } from '../../../src/codec/pem.ts'
import { FAULTS } from '../../../src/emulator/faults.ts'
import { DOCUMENT, PKCS7, verifyWithOpenssl } from '../../support/metadata-tools.ts'
import { type RunningProcess, startProcess, waitUntil } from '../../support/processes.ts'
import { requireTool } from '../../support/requirements.ts'

const COMMAND = fileURLToPath(new URL('../../../src/cli/emulator.ts', import.meta.url))

const curl = (...args: string[]): string =>
  execFileSync('curl', ['-sS', '--max-time', '10', ...args], { encoding: 'utf8', stdio: 'pipe' })

let folder: string
let running: RunningProcess[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-test-'))
  running = []
})
afterEach(async () => {
  await Promise.all(running.map(({ stop }) => stop()))
  rmSync(folder, { recursive: true })
})

const start = (...args: string[]): RunningProcess => {
  const loader = import.meta.resolve('tsx')
  const started = startProcess(process.execPath, ['--import', loader, COMMAND, ...args])
  running.push(started)
  return started
}

/** Starts the command on a free port and waits until it has said all that it has to say. */
const startReady = async (...args: string[]) => {
  const emulator = start('--port', '0', ...args)
  const alive = (): boolean => emulator.child.exitCode === null
  const ready = (): boolean => emulator.output.stdout.includes('\nthen: ')
  await waitUntil(ready, { seconds: 20, what: 'the emulator', alive })
  const { stdout } = emulator.output
  return { ...emulator, stdout, url: /http:\/\/127\.0\.0\.1:\d+/.exec(stdout)?.[0] as string }
}

/** Runs the command until it ends by itself. */
const runToEnd = async (...args: string[]) => {
  const { child, output } = start(...args)
  const [status] = (await once(child, 'close')) as [number]
  return { status, ...output }
}

describe('npm run emulator', () => {
  it('answers an instance of the cloud, to curl and openssl', async (context) => {
    requireTool(context, 'curl', 'apt-get install curl')
    requireTool(context, 'openssl', 'apt-get install openssl')
    const certificate = join(folder, 'cloud.pem')
    const options = ['--instances', '7', '--seed', 'cli', '--certificate-out', certificate]
    const { url, stdout } = await startReady(...options)
    expect(stdout.match(/\/instances\/i-/g)?.length).toBe(5)
    expect(stdout).toContain('and 2 more')
    expect(stdout).toContain(`ROLLCALL_TRUST_ANCHORS_FILE=${certificate}`)

    const ids = curl(`${url}/instances/`).split('\n')
    expect(ids.length).toBe(7)
    const base = `${url}/instances/${ids[6]}`
    const document = curl(base + DOCUMENT)
    expect(JSON.parse(document)).toMatchObject({ 'instance-id': ids[6] })
    const der = decodePkcs7(curl(`${base + PKCS7}?audience=a-nonce`))
    const content = verifyWithOpenssl(der, readFileSync(certificate, 'utf8'))
    expect(content).toBe(document.replace('}', ',"audience":"a-nonce"}'))
  })

  it('warns when other machines can reach it, and only then', async () => {
    const open = await startReady('--host', '0.0.0.0')
    expect(open.output.stderr).toContain('warning: other machines can reach this emulator.')
    const own = await startReady('--host', '127.0.0.1')
    expect(own.output.stderr).toBe('')
  })

  it('demands a token with --hardened-only, and spoils what --fault says', async (context) => {
    requireTool(context, 'curl', 'apt-get install curl')
    const faults = ['--fault', 'not-found:meta-data/mac', '--fault', 'wrapped']
    const { url } = await startReady('--hardened-only', ...faults)
    const status = ['-o', '/dev/null', '-w', '%{http_code}']
    expect(curl(...status, url + DOCUMENT)).toBe('403')
    const ttl = ['-H', 'X-aliyun-ecs-metadata-token-ttl-seconds: 60']
    const token = curl('-X', 'PUT', ...ttl, `${url}/latest/api/token`)
    const header = ['-H', `X-aliyun-ecs-metadata-token: ${token}`]
    expect(curl(...header, url + DOCUMENT)).toMatch(/^\{.*\}$/)
    expect(curl(...header, url + PKCS7)).toContain('\n')
    expect(curl(...header, ...status, `${url}/latest/meta-data/mac`)).toBe('404')
    const proxied = [...ttl, '-H', 'X-Forwarded-For: 10.0.0.1']
    expect(curl('-X', 'PUT', ...proxied, ...status, `${url}/latest/api/token`)).toBe('403')
  })

  it('answers as the instances that a file describes, which nothing else may say', async () => {
    const file = join(folder, 'instances.json')
    writeFileSync(file, '{"instances":[{"hostname":"web-1"},{"hostname":"web-2"}]}')
    const { url } = await startReady('--describe', file, '--all-items')
    const [, second] = (await (await fetch(`${url}/instances/`)).text()).split('\n')
    const item = `${url}/instances/${second}/latest/meta-data/hostname`
    expect(await (await fetch(item)).text()).toBe('web-2')

    const both = await runToEnd('--describe', file, '--instances', '2')
    expect(both).toMatchObject({ status: 2, stdout: '' })
    writeFileSync(file, '{"instances":[{"mac":"x"}]}')
    const bad = await runToEnd('--describe', file)
    expect(bad).toMatchObject({ status: 2, stdout: '' })
    expect(bad.stderr).toContain('mac')
  })

  it('takes descriptions in YAML, by the name of the file', async () => {
    const file = join(folder, 'instances.yaml')
    writeFileSync(file, 'instances:\n  - hostname: web-1\n  - hostname: web-2\n')
    const { url } = await startReady('--describe', file)
    const item = `${url}/latest/meta-data/hostname`
    expect(await (await fetch(item)).text()).toBe('web-1')

    writeFileSync(file, 'instances:\n  - hostname: a\n    hostname: b\n')
    const twice = await runToEnd('--describe', file)
    expect(twice).toMatchObject({ status: 2, stdout: '' })
    expect(twice.stderr).toContain('Map keys must be unique')

    const missing = await runToEnd('--describe', join(folder, 'none.yaml'))
    expect(missing).toMatchObject({ status: 2, stdout: '' })
    expect(missing.stderr).toMatch(/--describe: cannot read .*none\.yaml \(ENOENT\)/)
    expect((await runToEnd('--help')).stdout).toMatch(/--describe <file>.*(?:\n +.*)?YAML/)
  })

  it('prints one JSON document with --json', async () => {
    const emulator = start('--port', '0', '--json', '--seed', 'cli')
    const { output } = emulator
    const alive = (): boolean => emulator.child.exitCode === null
    const ready = (): boolean => output.stdout.endsWith('\n')
    await waitUntil(ready, { seconds: 20, what: 'the emulator', alive })
    expect(JSON.parse(output.stdout)).toMatchObject({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      seed: 'cli',
      certificate: expect.stringContaining('BEGIN CERTIFICATE'),
      instances: [{ instance_id: expect.stringMatching(/^i-/) }],
    })
  })

  it('answers every documented item with --all-items, and faults of a path', async (context) => {
    requireTool(context, 'curl', 'apt-get install curl')
    const { url } = await startReady('--all-items', '--fault', 'error:503x1@user-data')
    const status = ['-o', '/dev/null', '-w', '%{http_code}']
    const twice = [1, 2].map(() => curl(...status, `${url}/latest/user-data`))
    expect(twice).toEqual(['503', '200'])
    expect(curl(`${url}/latest/meta-data/public-keys/0/openssh-key`)).toMatch(/^ssh-ed25519 /)
  })

  it.each([
    ['{', 'it is not JSON'],
    ['{"instances": [], "instances": []}', 'a key occurs twice'],
    ['[]', 'expected {"instances": [...]} and nothing else'],
    ['{"instances": [{"hostnam": "x"}]}', 'instances[0].hostnam: is not known'],
    [
      '{"instances": [{"private-ipv4": "10.0.0.255"}]}',
      'instances[0].private-ipv4: 10.0.0.255 is no',
    ],
  ])('refuses the description %s with exit status 2', async (text, message) => {
    const file = join(folder, 'instances.json')
    writeFileSync(file, text)
    const { status, stdout, stderr } = await runToEnd('--describe', file)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('ends on %s, whoever waits for it', async (signal) => {
    const { url, child } = await startReady('--fault', 'slow:600000')
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    await once(socket, 'connect')
    // Closed or reset: either way it does not wait for the answer.
    const closed = new Promise((resolve) =>
      socket.on('error', () => undefined).on('close', resolve),
    )
    socket.write(`GET / HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`)
    child.kill(signal)
    const [[status]] = await Promise.all([once(child, 'close'), closed])
    expect(status).toBe(0)
  })

  it('says all that is needed with --help', async () => {
    const { status, stdout } = await runToEnd('--help')
    expect(status).toBe(0)
    for (const fault of Object.keys(FAULTS)) expect(stdout).toContain(fault)
    expect(stdout).toContain('npm run emulator -- --certificate-out')
  })

  it.each([
    ['--port x', 'Expected a whole number from 0 to 65535'],
    ['--instances 0', 'Expected a whole number from 1 to 10000'],
    ['--fault no-such', 'expected one of unescaped-audience'],
    ['--no-such', "unknown option '--no-such'"],
    ['left-over', 'too many arguments'],
    ['--port 0 --certificate-out no/such/folder.pem', 'no/such/folder.pem'],
  ])('refuses %s with exit status 2', async (args, message) => {
    const { status, stderr, stdout } = await runToEnd(...args.split(' '))
    expect(status).toBe(2)
    expect(stderr).toContain(message)
    expect(stdout).toBe('')
  })

  it('refuses a port that is taken with exit status 2', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { status, stderr } = await runToEnd('--port', String(port))
    server.close()
    expect(status).toBe(2)
    expect(stderr).toBe(`rollcall: port ${port} is taken; choose another with --port\n`)
  })
})

describe('startEmulator()', () => {
  it('listens on a free port of this machine, and closes at once', async () => {
    const { Request: before } = globalThis
    const { url, emulator, close } = await startEmulator({ faults: ['slow:1'] })
    expect(globalThis.Request).toBe(before)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9][0-9]*$/)
    const response = await fetch(`${url}/latest/meta-data/instance-id`)
    expect(await response.text()).toBe(emulator.instances[0]?.instanceId)
    await close()
    await expect(fetch(url)).rejects.toThrow()
  })
})
