// Clients of ECS metadata that others wrote, against the emulator: at a port, and at the real address in a
// network namespace whose loopback interface has it.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type TestContext, describe, expect, it } from 'vitest'
import { startEmulator } from '../../../src/cli/emulator-server.ts'
import type { EmulatedInstance, MetadataEmulatorOptions } from '../../../src/emulator/index.ts'
import { makeInstances } from '../../../src/emulator/make-instances.ts'
import { requireNewerCloudInit } from '../../support/newer-cloud-init.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { requireTool } from '../../support/requirements.ts'
import { ROOT } from '../../support/sources.ts'

const run = promisify(execFile)
const LIMIT_MS = 50_000
const OPTIONS = { env: cleanEnvironment(), timeout: LIMIT_MS, cwd: ROOT }
const SEED = 'third parties'
const KEYS = ['ssh-ed25519 AAAA one@example', 'ssh-rsa BBBB two@example']
const INSTANCES = [
  {
    hostname: 'web-1',
    'public-keys': KEYS,
    'user-data-base64': 'H4sIAP/+',
    'ram-roles': ['reader'],
    'network-interfaces': 2,
  },
]

/** For a need other than a tool: the same as `requireTool` does for tools. */
const missing = (context: TestContext, message: string): never => {
  if (process.env['ROLLCALL_REQUIRE_ALL'] === '1') throw new Error(message)
  return context.skip(message)
}

const NAMESPACE = ['-rn', 'sh', '-c']
const ADDRESS = 'ip link set lo up && ip addr add 100.100.100.200/32 dev lo'

/**
 * Runs a command where the emulator has the real address.
 * @param command after `network-later` it starts before there is a network
 * @returns its standard output
 */
const runAtLinkLocal = async (
  context: TestContext,
  options: MetadataEmulatorOptions,
  ...command: readonly string[]
): Promise<string> => {
  requireTool(context, 'ip', 'apt-get install iproute2')
  const unshare = requireTool(context, 'unshare', 'apt-get install util-linux')
  try {
    await run(unshare, [...NAMESPACE, 'ip link set lo up'], OPTIONS)
  } catch {
    return missing(context, 'no network namespace can be made: run it with CAP_SYS_ADMIN')
  }
  const program = join(ROOT, 'test/system/metadata/at-link-local.ts')
  const node = [process.execPath, '--import', import.meta.resolve('tsx'), program]
  const isLater = command[0] === 'network-later'
  const setUp = isLater ? 'exec "$@"' : `${ADDRESS} && exec "$@"`
  const args = [...NAMESPACE, setUp, 'sh', ...node, JSON.stringify(options), ...command]
  return (await run(unshare, args, OPTIONS)).stdout
}

/** Debian's Python, which has Debian's cloud-init. */
const requireCloudInit = (context: TestContext): [string, string] => {
  requireTool(context, 'cloud-init', 'apt-get install --no-install-recommends cloud-init')
  return ['/usr/bin/python3', join(ROOT, 'test/system/metadata/cloud-init.py')]
}

const madeInstance = async (): Promise<EmulatedInstance> => {
  const options = { seed: SEED, instances: INSTANCES, accounts: 1, allItems: false }
  return (await makeInstances(options))[0] as EmulatedInstance
}

const expectFound = async (stdout: string, address: string): Promise<void> => {
  const { instanceId, document, networkInterfaces } = await madeInstance()
  const found = JSON.parse(stdout) as { metadata: { network: { interfaces: { macs: object } } } }
  expect(found).toMatchObject({
    found: true,
    address,
    instance_id: instanceId,
    hostname: 'web-1',
    public_keys: KEYS,
    user_data: INSTANCES[0]?.['user-data-base64'],
    metadata: { mac: document['mac'], 'region-id': document['region-id'] },
  })
  const macs = networkInterfaces.map(({ mac }) => mac)
  expect(Object.keys(found.metadata.network.interfaces.macs).toSorted()).toEqual(macs.toSorted())
}

describe("cloud-init's DataSourceAliYun", () => {
  it('finds host name, keys and user data in the emulator', async (context) => {
    const [python, program] = requireCloudInit(context)
    const { url, close } = await startEmulator({ instances: INSTANCES, seed: SEED })
    try {
      const { stdout } = await run(python, [program, url], OPTIONS)
      await expectFound(stdout, url)
    } finally {
      await close()
    }
  })

  it('finds them at the address that is built into it', async (context) => {
    const options = { instances: INSTANCES, seed: SEED }
    const stdout = await runAtLinkLocal(context, options, ...requireCloudInit(context))
    await expectFound(stdout, 'http://100.100.100.200')
  })

  it('finds no user data in hardened mode only before 23.2.2, so nothing in it would run', async (context) => {
    const options = { instances: INSTANCES, seed: SEED, hardenedOnly: true }
    const stdout = await runAtLinkLocal(context, options, ...requireCloudInit(context))
    const { version, ...found } = JSON.parse(stdout) as { version: string }
    expect(version, 'Debian 12 has 22.4.2; a newer one belongs in the test below').toMatch(/^22\./)
    expect(found).toMatchObject({
      instance_id: null,
      hostname: 'localhost.localdomain',
      public_keys: [],
      user_data: '',
    })
  })

  it.for([true, false])(
    'finds everything from 23.2.2 on; hardened mode only: %s',
    { timeout: 200_000 },
    async (hardenedOnly, context) => {
      const command = requireCloudInit(context)
      const newer = await requireNewerCloudInit(context)
      const options = { instances: INSTANCES, seed: SEED, hardenedOnly }
      const withNewer = ['env', `PYTHONPATH=${newer}`, ...command]
      const stdout = await runAtLinkLocal(context, options, ...withNewer)
      const { version } = JSON.parse(stdout) as { version: string }
      expect(Number.parseFloat(version)).toBeGreaterThan(23.2)
      await expectFound(stdout, 'http://100.100.100.200')
    },
  )

  it(
    'reads the same item by item where the service has no meta-data/all',
    { timeout: 200_000 },
    async (context) => {
      const command = requireCloudInit(context)
      const newer = await requireNewerCloudInit(context)
      const faults = ['not-found:meta-data/all']
      const options = { instances: INSTANCES, seed: SEED, hardenedOnly: true, faults }
      const withNewer = ['env', `PYTHONPATH=${newer}`, ...command]
      await expectFound(
        await runAtLinkLocal(context, options, ...withNewer),
        'http://100.100.100.200',
      )
    },
  )
})

describe('@alicloud/credentials', () => {
  it('gets the credentials of the RAM role, in hardened mode only', async (context) => {
    const program = join(ROOT, 'test/system/metadata/alicloud-credentials.mjs')
    try {
      import.meta.resolve('@alicloud/credentials')
    } catch {
      missing(context, '@alicloud/credentials is not installed: npm ci')
    }
    const options = { instances: INSTANCES, seed: SEED, hardenedOnly: true }
    const stdout = await runAtLinkLocal(context, options, process.execPath, program)
    const { instanceId } = await madeInstance()
    const name = new RegExp(`^STS\\.emulated\\.${instanceId}\\.reader\\.\\d+$`)
    expect(JSON.parse(stdout)).toEqual({
      accessKeyId: expect.stringMatching(name),
      accessKeySecret: expect.stringMatching(/^emulated-secret\./),
      securityToken: expect.stringMatching(/^emulated-token\./),
    })
  })
})

describe('the real address', () => {
  const options = { instances: INSTANCES, seed: SEED, hardenedOnly: true }
  const script = (text: string): string[] => {
    const args = ['--import', 'tsx', '--input-type=module', '--eval', text]
    return [process.execPath, ...args]
  }

  it('is asked until the network is there', async (context) => {
    const program = `
      const { createMetadataClient } = await import('./src/metadata/index.ts')
      const told = []
      const client = createMetadataClient({ onRetry: ({ detail }) => void told.push(detail) })
      console.log(JSON.stringify({ document: await client.identityDocument(), told }))`
    const stdout = await runAtLinkLocal(context, options, 'network-later', ...script(program))
    const { document, told } = JSON.parse(stdout) as { document: string; told: string[] }
    expect(JSON.parse(document)).toEqual((await madeInstance()).document)
    expect(told[0]).toBe('the network of the metadata service is unreachable (ENETUNREACH)')
  })

  it('is asked by an enrollment as patiently as its service, and the caller hears of each try', async (context) => {
    const program = `
      const { enrollInstance } = await import('./src/client/index.ts')
      const { createTestService } = await import('./test/support/test-service.ts')
      const issuer = 'http://localhost:8787'
      const service = await createTestService({ variables: { ROLLCALL_ISSUER: issuer } })
      const told = []
      const fetch = (url, init) => service.fetch(new Request(url, init))
      const enrollment = { issuer, fetch, onRetry: ({ detail }) => void told.push(detail) }
      const timing = { now: () => Date.now() / 1000, elapsed: () => 0, wait: async () => {}, random: () => 0 }
      const code = await enrollInstance({ ...enrollment, timing }).catch((error) => error.code)
      console.log(JSON.stringify({ code, told }))`
    const faulty = { ...options, faults: ['error:503x4@api/token'] }
    const stdout = await runAtLinkLocal(context, faulty, ...script(program))
    expect(JSON.parse(stdout)).toEqual({
      // The service trusts another cloud: the metadata service gave its evidence.
      code: 'enrollment_refused',
      told: Array<string>(4).fill('the metadata service answered 503'),
    })
  })

  it('is what createMetadataClient() asks', async (context) => {
    const program = `
      const { createMetadataClient } = await import('./src/metadata/index.ts')
      console.log(await createMetadataClient().identityDocument())`
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', program]
    const stdout = await runAtLinkLocal(context, options, ...node)
    expect(JSON.parse(stdout)).toEqual((await madeInstance()).document)
  })

  it('is what curl asks, as the documentation has it', async (context) => {
    requireTool(context, 'curl', 'apt-get install curl')
    const script = `
      token=$(curl -q -fsS -X PUT http://100.100.100.200/latest/api/token \\
        -H 'X-aliyun-ecs-metadata-token-ttl-seconds: 60')
      curl -q -fsS -H "X-aliyun-ecs-metadata-token: $token" \\
        http://100.100.100.200/latest/dynamic/instance-identity/document`
    const stdout = await runAtLinkLocal(context, options, 'sh', '-ec', script)
    expect(JSON.parse(stdout)).toEqual((await madeInstance()).document)
  })
})
