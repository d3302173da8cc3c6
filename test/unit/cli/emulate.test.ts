// `rollcall emulate`: an emulated metadata service. It ends at a signal, which here is only a call.

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { startEmulator } from '../../../src/cli/emulator-server.ts'
import { FAULTS } from '../../../src/emulator/faults.ts'
import { type Run, type RunOutput, createCommand } from '../../support/command.ts'

const command = createCommand()
const { folder } = command
let stops: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()))
  stops = []
})
afterAll(() => command.remove())

/** Starts the command, and waits until it has said what it is ready with, or has ended. */
const start = async (args: readonly string[], isReady: (output: RunOutput) => boolean) => {
  let output: RunOutput = { stdout: '', stderr: '' }
  let kill: (signal: NodeJS.Signals) => void = () => undefined
  const ended: { run?: Promise<Run> } = {}
  await new Promise<void>((resolve, reject) => {
    ended.run = command.run(['emulate', '--port', '0', ...args], {
      watch(written, send) {
        output = written
        kill = send
        if (isReady(written)) resolve()
      },
    })
    ended.run.then(({ stderr }) => reject(new Error(stderr)), reject)
  })
  stops.push(async () => {
    kill('SIGTERM')
    expect((await ended.run)?.status).toBe(0)
  })
  return { output, url: /http:\/\/127\.0\.0\.1:\d+/.exec(output.stdout)?.[0] as string }
}

const startReady = (...args: string[]) => start(args, ({ stdout }) => stdout.includes('\nthen: '))

/** Runs the command where it ends by itself. */
const runToEnd = (...args: string[]): Promise<Run> => command.run(['emulate', ...args])

describe('rollcall emulate', () => {
  it('warns when other machines can reach it, and only then', async () => {
    const open = await startReady('--host', '0.0.0.0')
    expect(open.output.stderr).toContain('warning: other machines can reach this emulator.')
    const own = await startReady('--host', '127.0.0.1')
    expect(own.output.stderr).toBe('')
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
    const args = ['--json', '--seed', 'cli']
    const { output } = await start(args, ({ stdout }) => stdout.endsWith('\n'))
    expect(JSON.parse(output.stdout)).toMatchObject({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      seed: 'cli',
      certificate: expect.stringContaining('BEGIN CERTIFICATE'),
      instances: [{ instance_id: expect.stringMatching(/^i-/) }],
    })
  })

  it('answers every documented item with --all-items, and faults of a path', async () => {
    const { url } = await startReady('--all-items', '--fault', 'error:503x1@user-data')
    expect((await fetch(`${url}/latest/user-data`)).status).toBe(503)
    expect((await fetch(`${url}/latest/user-data`)).status).toBe(200)
    const key = await fetch(`${url}/latest/meta-data/public-keys/0/openssh-key`)
    expect(await key.text()).toMatch(/^ssh-ed25519 /)
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

  it('says all that is needed with --help', async () => {
    const { status, stdout } = await runToEnd('--help')
    expect(status).toBe(0)
    for (const fault of Object.keys(FAULTS)) expect(stdout).toContain(fault)
    expect(stdout).toContain('rollcall emulate --certificate-out')
  })

  it.each([
    ['--port x', 'Expected a whole number from 0 to 65535'],
    ['--instances 0', 'Expected a whole number from 1 to 10000'],
    ['--fault no-such', 'expected one of unescaped-audience'],
    ['--no-such', "unknown option '--no-such'"],
    ['left-over', 'too many arguments'],
    ['--port 0 --certificate-out no/such/folder.pem', 'no/such/folder.pem'],
    ['--port 0 --certificate-out other.json', 'holds something other than a certificate'],
    ['--port 0 --certificate-out .', 'is a folder, a device or a pipe; expected a file'],
  ])('refuses %s with exit status 2', async (args, message) => {
    writeFileSync(join(folder, 'other.json'), '{}')
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
