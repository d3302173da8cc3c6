// `npm run emulator` as a process, asked with curl.

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodePkcs7 } from '../../../src/codec/pem.ts'
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

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends on %s, also while a client waits',
    async (signal) => {
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
    },
  )

  it('says in its help how it is called in a clone', async () => {
    const { child, output } = start('--help')
    expect(await once(child, 'close')).toEqual([0, null])
    expect(output.stdout).toContain('rollcall emulate --certificate-out')
  })
})
