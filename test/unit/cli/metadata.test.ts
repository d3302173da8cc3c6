// `rollcall metadata`, against the emulator.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type EmulatorServer, startEmulator } from '../../../src/cli/emulator-server.ts'
import { typedPath } from '../../../src/cli/metadata/paths.ts'
import type { MetadataEmulatorOptions } from '../../../src/emulator/index.ts'
import { createFastTiming } from '../../support/fast-timing.ts'
import { listen } from '../../support/listener.ts'
import { reservePort } from '../../support/ports.ts'
import { type RollcallCommand, type Run, createCommand } from '../../support/command.ts'

let command: RollcallCommand
let emulator: EmulatorServer
const emulators = new Map<string, EmulatorServer>()
beforeAll(async () => {
  command = createCommand(undefined, { timing: createFastTiming() })
})
afterAll(async () => {
  command.remove()
  await Promise.all([...emulators.values()].map((server) => server.close()))
})

const start = async (options: MetadataEmulatorOptions = {}): Promise<void> => {
  // Its key takes long to make, so tests with the same options share one.
  const name = JSON.stringify(options)
  emulator =
    emulators.get(name) ??
    (await startEmulator({ allItems: true, hardenedOnly: true, seed: 'cli', ...options }))
  emulators.set(name, emulator)
}
const metadata = (...args: string[]): Promise<Run> =>
  command.run(['metadata', ...args, '--metadata-url', emulator.url])
const id = (): string => emulator.emulator.instances[0]?.instanceId as string

/** A metadata service whose top has a line that is no name. */
const withOddListing = async (use: (url: string) => Promise<void>): Promise<void> => {
  const { url, close } = await listen({
    fetch: async ({ method, url }) => {
      const isTop = new URL(url).pathname === '/latest/'
      return new Response(method === 'PUT' ? 'token' : isTop ? 'mac/x\nuser-data\n' : 'value')
    },
  })
  try {
    await use(url)
  } finally {
    await close()
  }
}

describe('rollcall metadata get', () => {
  it('prints a value exactly, by any way to write its path', async () => {
    await start()
    for (const path of ['instance-id', 'meta-data/instance-id', '/latest/meta-data/instance-id']) {
      expect(await metadata('get', path)).toEqual({ status: 0, stdout: id(), stderr: '' })
    }
    const json = await metadata('get', 'instance-id', '--json')
    expect(JSON.parse(json.stdout)).toEqual({ path: 'meta-data/instance-id', value: id() })
  })

  it('ends the value with a new line on a terminal only', async () => {
    await start()
    const args = ['metadata', 'get', 'instance-id', '--metadata-url', emulator.url]
    expect((await command.run(args, { isTerminal: true })).stdout).toBe(`${id()}\n`)
    expect((await command.run(args)).stdout).toBe(id())
  })

  it('takes the key of a tag as it is, with its spaces and slashes', async () => {
    await start()
    expect((await metadata('get', 'tags/instance/Patch Group')).stdout).toBe('a')
    expect((await metadata('get', 'tags/instance/k8s.io/cluster/c1')).stdout).toBe('owned')
    expect((await metadata('get', 'tags/instance/环境')).stdout).toBe('测试')
  })

  it('says which option a query in the path stands for', async () => {
    await start()
    const { status, stderr } = await metadata('get', 'dynamic/instance-identity/pkcs7?audience=a')
    expect(status).toBe(2)
    expect(stderr).toContain('write --audience TEXT, not ?audience= in the path')
  })

  it.each(['/latest', '/latest/', '/2016-01-01'])(
    'refuses an address that ends in %s, and says what to write',
    async (end) => {
      await start({ hardenedOnly: false, faults: ['not-found:api/token'] })
      const url = `${emulator.url}${end}`
      const byOption = await command.run(['metadata', 'get', 'mac', '--metadata-url', url])
      const env = { ROLLCALL_METADATA_URL: url }
      const byVariable = await command.run(['metadata', 'get', 'mac'], { env })
      for (const { status, stderr } of [byOption, byVariable]) {
        expect(status).toBe(2)
        expect(stderr).toContain(`--metadata-url: ${emulator.url}`)
        expect(stderr).toContain(`: ${emulator.url}\n`)
        expect(stderr).not.toContain('auto')
      }
    },
  )

  it('takes an address with a slash at its end', async () => {
    await start()
    const args = ['metadata', 'get', 'instance-id', '--metadata-url', `${emulator.url}/`]
    expect((await command.run(args)).stdout).toBe(id())
  })

  it('shows that it waits while the service is not available', async () => {
    const faults = ['error:503x4@api/token']
    const server = await startEmulator({ faults, seed: 'waits' })
    try {
      const args = ['metadata', 'get', 'network-type', '--metadata-url', server.url]
      const { status, stdout, stderr } = await command.run(args)
      expect({ status, stdout }).toEqual({ status: 0, stdout: 'vpc' })
      const line = /^rollcall: the metadata service answered 503; retrying in \d+\.\d s$/gm
      expect(stderr.match(line)).toHaveLength(4)
    } finally {
      await server.close()
    }
  })

  it('says what an item needs that is not set, with exit status 3', async () => {
    await start({ allItems: false })
    const { status, stdout, stderr } = await metadata('get', 'public-keys')
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' })
    expect(stderr).toContain('it needs a key pair: bind one, then stop and start the instance')
  })

  it('gets evidence that verifies, and warns of a signature for nobody', async () => {
    await start()
    const path = 'dynamic/instance-identity/pkcs7'
    const made = await metadata('get', path, '--audience', 'a-nonce')
    expect(made).toMatchObject({ status: 0, stderr: '' })
    const { stdout } = await command.run(['inspect', '-'], { stdin: made.stdout })
    expect(stdout).toMatch(/^ {2}audience +a-nonce$/m)
    expect((await metadata('get', path)).stderr).toContain(
      'anyone who holds a signature without an audience can use it',
    )
    expect((await metadata('get', 'hostname', '--audience', 'x')).status).toBe(2)
  })

  it('prints credentials only on request', async () => {
    await start()
    const [role = ''] = (await metadata('get', 'ram/security-credentials/')).stdout.split('\n')
    const path = `ram/security-credentials/${role}`
    const kept = await metadata('get', path)
    expect(kept).toMatchObject({ status: 2, stdout: '' })
    expect(kept.stderr).toContain('--reveal-credentials')
    const shown = await metadata('get', path, '--reveal-credentials')
    expect(shown.stdout).toContain('AccessKeyId')
  })

  it('ends with 3 where nobody answers, within seconds', async () => {
    await start()
    const url = `http://127.0.0.1:${await reservePort()}`
    const args = ['metadata', 'get', 'hostname', '--metadata-url', url]
    const { status, stderr } = await command.run(args)
    expect(status).toBe(3)
    expect(stderr).toContain('is this an ECS instance in a VPC?')
  })

  it('ends with 3 without hardened mode, unless normal mode will do', async () => {
    await start({ hardenedOnly: false, faults: ['not-found:api/token'] })
    const refused = await metadata('get', 'instance-id')
    expect(refused.status).toBe(3)
    expect(refused.stderr).toContain('--metadata-mode auto')
    expect((await metadata('get', 'instance-id', '--metadata-mode', 'auto')).stdout).toBe(id())
  })

  it('refuses a path that leads elsewhere with exit status 2', async () => {
    await start()
    expect(await metadata('get', 'meta-data/../x')).toMatchObject({ status: 2, stdout: '' })
  })
})

describe('rollcall metadata versions', () => {
  it('prints one on each line, or as JSON', async () => {
    await start()
    expect(await metadata('versions')).toMatchObject({ status: 0, stdout: '2016-01-01\nlatest\n' })
    const { stdout } = await metadata('versions', '--json')
    expect(JSON.parse(stdout)).toEqual(['2016-01-01', 'latest'])
  })
})

describe('rollcall metadata list', () => {
  it('lists a folder with what each item is', async () => {
    await start()
    const { status, stdout } = await metadata('list', 'meta-data')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^NAME +WHAT IT IS\n/)
    expect(stdout).toMatch(/^hostname +host name as ordered$/m)
    expect(stdout).toMatch(/^network\/ +folder$/m)
    const entries = JSON.parse((await metadata('list', 'meta-data', '--json')).stdout) as object[]
    expect(entries).toContainEqual({
      name: 'mac',
      path: 'meta-data/mac',
      what: 'MAC of the first network interface',
    })
    expect((await metadata('list')).stdout).toMatch(/^meta-data\/ +folder$/m)
  })

  it('shows a line that is no name, and what is wrong with it', async () => {
    await withOddListing(async (url) => {
      const { status, stdout } = await command.run(['metadata', 'list', '--metadata-url', url])
      expect(status).toBe(0)
      expect(stdout).toMatch(/^mac\/x +this line of the listing is not a name/m)
      expect(stdout).toMatch(/^user-data +what the instance was given/m)
    })
  })

  it('says that an item is no folder', async () => {
    await start()
    const { status, stderr } = await metadata('list', 'hostname')
    expect(status).toBe(3)
    expect(stderr).toContain('is an item, not a folder')
  })
})

describe('rollcall metadata dump', () => {
  it('prints a tree of all items with their values, and how far it has come', async () => {
    await start()
    const { status, stdout, stderr } = await metadata('dump')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^dynamic\/\n {2}instance-identity\/\n {4}document {2}\{"zone-id"/m)
    expect(stdout).toMatch(new RegExp(`^meta-data/\n(?: .*\n)* {2}instance-id {2}${id()}$`, 'm'))
    expect(stdout.match(/^meta-data\/$/gm)).toHaveLength(1)
    expect(stderr).toMatch(/^25 items: /m)
  })

  it('prints neither credentials nor a signature', async () => {
    await start()
    const { stdout } = await metadata('dump')
    expect(stdout).toMatch(/^ +\S+ {2}\(credentials: --reveal-credentials shows them\)$/m)
    expect(stdout).toMatch(/^ +pkcs7 {2}\(made for an audience/m)
    expect(stdout).not.toMatch(/AccessKeySecret|MII/)
    const json = await metadata('dump', '--json')
    expect(json.stdout).not.toMatch(/AccessKeySecret|MII/)
    expect(JSON.parse(json.stdout)).toContainEqual({
      path: 'meta-data/instance-id',
      value: id(),
    })
    expect((await metadata('dump', '--reveal-credentials')).stdout).toContain('AccessKeySecret')
  })

  it('prints what it has found when the service fails half way, and ends with 3', async () => {
    await start({ faults: ['error:403@meta-data/instance-id'] })
    const { status, stdout, stderr } = await metadata('dump')
    expect(status).toBe(3)
    expect(stdout).toContain('document  {')
    expect(stdout).not.toContain('zone-id  ')
    expect(stderr).toContain('meta-data/instance-id')
  })

  it('prints a line that is no name, and goes on', async () => {
    await withOddListing(async (url) => {
      const { status, stdout } = await command.run(['metadata', 'dump', '--metadata-url', url])
      expect(status).toBe(0)
      expect(stdout).toBe(
        'mac/x  (this line of the listing is not a name, so it is not asked for)\nuser-data  value\n',
      )
    })
  })

  it('prints a tag whose key has slashes on one line', async () => {
    await start()
    const { stdout } = await metadata('dump', 'tags')
    expect(stdout).toContain('\n      k8s.io/cluster/c1  owned\n      环境  测试\n')
  })

  it('prints a part of the tree', async () => {
    await start()
    const { stdout } = await metadata('dump', 'dns-conf')
    expect(stdout).toMatch(/^meta-data\/\n {2}dns-conf\/\n {4}nameservers\n {6}100\.100\./)
    expect(stdout).not.toContain('hostname')
  })
})

describe('typedPath()', () => {
  it.each([
    ['', ''],
    ['/', ''],
    ['/latest/', ''],
    ['hostname', 'meta-data/hostname'],
    ['user-data', 'user-data'],
    ['2016-01-01/dynamic/', 'dynamic/'],
    ['maintenance/active-system-events', 'maintenance/active-system-events'],
  ])('takes %j for %j', (typed, path) => {
    expect(typedPath(typed)).toBe(path)
  })
})
