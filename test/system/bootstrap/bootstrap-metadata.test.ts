// How patient bootstrap.sh is with the metadata service, and what it says of each of its failures.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bootstrapScript } from '../../../src/http/bootstrap-script.ts'
import { createScriptTime, enrollIn } from '../../support/bootstrap.ts'
import {
  type ClientServers,
  type ClientServersOptions,
  startClientServers,
} from '../../support/client-servers.ts'
import { reservePort } from '../../support/ports.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { findTool, requireTool } from '../../support/requirements.ts'

let folder: string
const started: ClientServers[] = []
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-metadata-'))
})
afterAll(async () => {
  await Promise.all(started.map((servers) => servers.close()))
  rmSync(folder, { recursive: true })
})

const open = async (options?: ClientServersOptions): Promise<ClientServers> => {
  const servers = await startClientServers(options)
  started.push(servers)
  return servers
}
const faulty = (...faults: string[]) => open({ emulator: { faults } })
const timeOf = (programs?: Record<string, string>) =>
  createScriptTime(mkdtempSync(join(folder, 'time-')), programs)
const enroll = (servers: ClientServers, env: Record<string, string> = {}) =>
  enrollIn(servers, { PATH: timeOf().PATH, ...env })

describe.concurrent('bootstrap.sh and the metadata service', () => {
  it.each([
    ['503 at the token', 'error:503x4@api/token'],
    ['429 at the token', 'error:429x4@api/token'],
    ['500 at the document', 'error:500x5@dynamic/instance-identity/document'],
    ['503 at the signature', 'error:503x4@dynamic/instance-identity/pkcs7'],
  ])('enrolls after more than three times %s', async (_, fault) => {
    const run = await enroll(await faulty(fault))
    expect(run.status, run.stderr).toBe(0)
    expect(run.stderr).toMatch(
      /the metadata service at \S+ is not available \(status \d+\); retrying/,
    )
  })

  it('tries as often as ROLLCALL_ATTEMPTS says, waits as for the service, and does not deny that there is a service', async () => {
    const servers = await faulty('error:503@api/token')
    const time = timeOf()
    const run = await enroll(servers, { PATH: time.PATH, ROLLCALL_ATTEMPTS: '7' })
    expect(run).toMatchObject({ status: 3, stdout: '' })
    expect(servers.asked.filter((path) => path.includes('api/token'))).toHaveLength(7)
    const waits = time.slept().map(Number)
    expect(waits).toHaveLength(6)
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeLessThanOrEqual(Math.min(2 ** (index + 1), 32))
    }
    expect(run.stderr).not.toContain('no metadata service')
    expect(run.stderr).toMatch(/is not available \(status 503\); try again later\n$/)
  })

  it('waits as long as the metadata service asks', async () => {
    const servers = await open()
    let left = 1
    servers.interceptMetadata = () =>
      left-- > 0 ? new Response('', { status: 429, headers: { 'Retry-After': '40' } }) : undefined
    const time = timeOf()
    expect(await enroll(servers, { PATH: time.PATH })).toMatchObject({ status: 0 })
    expect(Number(time.slept()[0])).toBeGreaterThanOrEqual(40)
  })

  it('gives up after three tries where nothing has ever answered', async () => {
    const servers = await open()
    const time = timeOf()
    const run = await enroll(servers, {
      PATH: time.PATH,
      ROLLCALL_METADATA_URL: `http://127.0.0.1:${await reservePort()}`,
    })
    expect(run.status).toBe(3)
    expect(run.stderr).toMatch(/no metadata service at .*; is this an ECS instance in a VPC\?\n$/)
    expect(time.slept()).toHaveLength(2)
  })

  it('stays patient where something has answered before', async () => {
    const servers = await open()
    // From the second call on nothing listens there any more.
    const calls = join(mkdtempSync(join(folder, 'calls-')), 'calls')
    const curl = `echo >>'${calls}'
case $*:$(wc -l <'${calls}') in
  *instance-identity/document*:[3-7]) echo 'curl: (7) Failed to connect' >&2; exit 7 ;;
esac
exec ${findTool('curl')} "$@"`
    const run = await enroll(servers, { PATH: timeOf({ curl }).PATH })
    expect(run.status, run.stderr).toBe(0)
    expect(run.stderr.match(/the metadata service at \S+ does not answer/g)).toHaveLength(5)
  })

  it('stays patient while the machine has no route', async (context) => {
    const unshare = requireTool(context, 'unshare', 'apt-get install util-linux')
    const ip = requireTool(context, 'ip', 'apt-get install iproute2')
    const time = timeOf()
    const script = bootstrapScript({ issuer: 'http://127.0.0.1:9' })
    // In a network of its own, with nothing in it.
    const file = join(mkdtempSync(join(folder, 'script-')), 'bootstrap.sh')
    // Straight to the metadata service: what comes before needs a network.
    writeFileSync(file, script.replace('\n    challenge\n', '\n    audience=x\n'))
    const line = `${ip} link set lo up && sh ${file}`
    const run = await new Promise<{ status: unknown; stderr: string }>((resolve) =>
      execFile(
        unshare,
        ['--net', 'sh', '-c', line],
        { env: cleanEnvironment({ PATH: time.PATH, ROLLCALL_ATTEMPTS: '6' }) },
        (error, _, stderr) => resolve({ status: error?.code, stderr }),
      ),
    )
    if (/unshare failed/.test(run.stderr)) return context.skip('unshare needs root')
    expect(run.status, run.stderr).toBe(3)
    expect(time.slept()).toHaveLength(5)
  })

  it.each([
    [400, /it refused the TTL of 300 s/],
    [403, /through a proxy \(X-Forwarded-For\)/],
    [401, /is that the metadata service of ECS\?/],
  ])('says what %i at the token means', async (status, meaning) => {
    const run = await enroll(await faulty(`error:${status}@api/token`))
    expect(run.status).toBe(3)
    expect(run.stderr).toContain(`gives no metadata token (status ${status}); `)
    expect(run.stderr).toMatch(meaning)
  })

  it('advises auto mode only where the metadata service has nothing else', async () => {
    const real = await enroll(await faulty('not-found:api/token'))
    expect(real.status).toBe(3)
    expect(real.stderr).toContain('set ROLLCALL_METADATA_MODE=auto')

    const servers = await open()
    servers.interceptMetadata = () => new Response('<html>not here</html>', { status: 404 })
    const other = await enroll(servers)
    expect(other.status).toBe(3)
    expect(other.stderr).not.toContain('ROLLCALL_METADATA_MODE')
    expect(other.stderr).toContain('is ROLLCALL_METADATA_URL the address of the metadata service?')
  })

  it.each(['/latest', '/latest/', '/latest//'])(
    'refuses a ROLLCALL_METADATA_URL that ends in %s before it asks anybody',
    async (end) => {
      const servers = await open()
      const { metadataUrl } = servers
      const run = await enroll(servers, { ROLLCALL_METADATA_URL: metadataUrl + end })
      expect(run).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toBe(
        `rollcall: ROLLCALL_METADATA_URL: remove /latest; expected ${metadataUrl}\n`,
      )
      expect([servers.requests, servers.asked]).toEqual([[], []])
    },
  )

  it('drops slashes at the end of ROLLCALL_METADATA_URL', async () => {
    const servers = await open()
    const run = await enroll(servers, { ROLLCALL_METADATA_URL: `${servers.metadataUrl}//` })
    expect(run.status, run.stderr).toBe(0)
    expect(servers.asked[0]).toBe('/latest/api/token')
  })

  it('says that the metadata service is asked with http, not https', async () => {
    const servers = await open()
    const url = servers.metadataUrl.replace('http:', 'https:')
    const run = await enroll(servers, { ROLLCALL_METADATA_URL: url })
    expect(run.status).toBe(3)
    expect(run.stderr).toMatch(
      /^rollcall: no connection to https:.*; write http:\/\/ in ROLLCALL_METADATA_URL\n$/,
    )
  })
})
