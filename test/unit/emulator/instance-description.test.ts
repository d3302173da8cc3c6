// Instances that are described: what is said holds, the rest is made up, and nonsense is refused.

import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/base/errors.ts'
import { type InstanceDescription, parseInstanceDescriptions } from '../../../src/emulator/index.ts'
import { DOCUMENT, PKCS7, ask, askText } from '../../support/metadata-tools.ts'
import { createTestEmulator } from '../../support/test-emulator.ts'

const problemsOf = async (make: () => unknown): Promise<readonly string[]> => {
  try {
    await make()
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
  return []
}

describe('createMetadataEmulator() with descriptions', () => {
  const WEB: InstanceDescription = {
    hostname: 'web-1',
    'instance-id': 'i-web1',
    'owner-account-id': '1000000000000001',
    'zone-id': 'cn-hangzhou-i',
    'private-ipv4': '192.168.7.9',
    'vswitch-cidr-block': '192.168.4.0/22',
    eipv4: '47.96.1.2',
    'public-keys': ['ssh-ed25519 AAAA one', 'ssh-ed25519 BBBB two'],
    'user-data-base64': 'H4sIAP//',
    items: {
      'meta-data/dns-conf/nameservers': '10.0.0.2',
      'meta-data/ntp-conf': null,
      'meta-data/private/thing': 'of ours',
    },
  }

  it('answers what is described, and makes up the rest from the seed', async () => {
    const emulator = await createTestEmulator({ instances: [WEB, {}], seed: 'described' })
    const get = (path: string): Promise<string> => askText(emulator, `/latest/${path}`)
    expect(await get('meta-data/hostname')).toBe('web-1')
    expect(await get('meta-data/region-id')).toBe('cn-hangzhou')
    expect(await get('meta-data/eipv4')).toBe('47.96.1.2')
    expect(await get('meta-data/public-keys/')).toBe('0/\n1/')
    expect(await get('meta-data/public-keys/1/openssh-key')).toBe('ssh-ed25519 BBBB two')
    expect(await get('meta-data/dns-conf/nameservers')).toBe('10.0.0.2')
    expect(await get('meta-data/private/')).toBe('thing')
    expect(await get('meta-data/vpc-cidr-block')).toBe('192.168.0.0/16')
    expect(JSON.parse(await get('dynamic/instance-identity/document'))).toMatchObject({
      'instance-id': 'i-web1',
      'owner-account-id': '1000000000000001',
      'private-ipv4': '192.168.7.9',
      'instance-type': expect.stringMatching(/^ecs\./),
    })
    const folder = `meta-data/network/interfaces/macs/${await get('meta-data/mac')}`
    expect(await get(`${folder}/netmask`)).toBe('255.255.252.0')
    expect(await get(`${folder}/gateway`)).toBe('192.168.7.253')
    const userData = await (await ask(emulator, '/latest/user-data')).arrayBuffer()
    expect([...new Uint8Array(userData)]).toEqual([0x1f, 0x8b, 8, 0, 0xff, 0xff])
    const again = await createTestEmulator({ instances: [WEB, {}], seed: 'described' })
    expect(again.instances).toEqual(emulator.instances)
  })

  it('answers tags, disks, names, IPv6 and prefixes as they are described', async () => {
    const emulator = await createTestEmulator({
      instances: [
        {
          'instance-name': 'web server 1',
          tags: { 'Patch Group': 'a', 'k8s.io/c1': '', 环境: '测试' },
          disks: [{ serial: 'bp1x', name: 'system' }, { name: 'data' }, {}],
          'vswitch-ipv6-cidr-block': '2408:4005:3af:1a34::/64',
          prefixes: true,
          'public-keys': ['ssh-ed25519 AAAA one'],
          'key-pair-id': 'my-key',
        },
      ],
    })
    const get = (path: string): Promise<string> => askText(emulator, `/latest/meta-data/${path}`)
    expect(await get('instance/instance-name')).toBe('web server 1')
    expect(await get('tags/')).toBe('instance/')
    expect(await get('tags/instance/')).toBe('Patch Group\nk8s.io/c1\n环境')
    expect(await get('tags/instance/Patch%20Group')).toBe('a')
    expect(await get('tags/instance/%E7%8E%AF%E5%A2%83')).toBe('测试')
    expect((await ask(emulator, '/latest/meta-data/tags/instance/k8s.io%2Fc1')).status).toBe(200)
    for (const path of ['tags/instance/k8s.io', 'tags/instance/%zz', 'tags/instance/Patch']) {
      expect((await ask(emulator, `/latest/meta-data/${path}`)).status, path).toBe(404)
    }
    const serials = (await get('disks/')).split('\n')
    expect(serials.length).toBe(3)
    expect(serials).toContain('bp1x/')
    expect(await get('disks/bp1x/')).toBe('id\nname')
    expect(await get('disks/bp1x/id')).toBe('d-bp1x')
    const folder = `network/interfaces/macs/${await get('mac')}`
    expect(await get(`${folder}/ipv6s`)).toMatch(/^\[2408:4005:3af:1a34(?::[0-9a-f]{1,4}){4}\]$/)
    expect(await get(`${folder}/ipv6-gateway`)).toBe('2408:4005:3af:1a34:ffff:ffff:ffff:fff7')
    expect(await get(`${folder}/vswitch-ipv6-cidr-block`)).toBe('2408:4005:3af:1a34::/64')
    expect(await get(`${folder}/vpc-ipv6-cidr-blocks`)).toBe('[2408:4005:3af:1a00::/56]')
    expect(await get(`${folder}/ipv4-prefixes`)).toMatch(/^10\.\d+\.\d+\.\d+\/28$/)
    expect(await get(`${folder}/ipv6-prefixes`)).toMatch(/^2408:4005:3af:1a34:[0-9a-f]+::\/80$/)
    expect(await get('public-keys/')).toBe('0/\nmy-key/')
    expect(await get('public-keys/my-key/openssh-key')).toBe('ssh-ed25519 AAAA one')
    expect(JSON.parse(await get('all'))).toMatchObject({
      disks: { bp1x: { id: 'd-bp1x', name: 'system' } },
      tags: { instance: { 'k8s.io/c1': '' } },
    })
    expect(await get('')).not.toMatch(/^all$/m)
  })

  it.each<[string, InstanceDescription]>([
    ['tags', { tags: { '../x': 'a' } }],
    ['tags', { tags: { 'a/': 'b' } }],
    ['tags', { tags: { 'a\n': 'b' } }],
    ['disks', { disks: [{ serial: 'A B' }] }],
    ['vswitch-ipv6-cidr-block', { 'vswitch-ipv6-cidr-block': '2408::/56' }],
    ['key-pair-id', { 'key-pair-id': 'a/b' }],
  ])('refuses %s that no instance has', async (name, described) => {
    const [problem] = await problemsOf(() => parseInstanceDescriptions([described]))
    expect(problem).toContain(`instances[0].${name}`)
  })

  it('answers 404 for what is null, and all below it', async () => {
    const items = { 'meta-data/ntp-conf': null, 'meta-data/network/': null, [PKCS7.slice(8)]: null }
    const emulator = await createTestEmulator({ instances: [{ items }] })
    for (const path of ['ntp-conf', 'ntp-conf/ntp-servers', 'network/interfaces/macs/']) {
      expect((await ask(emulator, `/latest/meta-data/${path}`)).status, path).toBe(404)
    }
    expect(await askText(emulator, '/latest/meta-data/')).not.toMatch(/^(?:ntp-conf|network)\/$/m)
    expect((await ask(emulator, PKCS7)).status).toBe(404)
    expect((await ask(emulator, DOCUMENT)).status).toBe(200)
    expect(await askText(emulator, '/latest/dynamic/instance-identity/')).toBe('document')
  })

  it('has the time of a spot instance and system events appear when they are due', async () => {
    let now = 1_800_000_000
    const described: InstanceDescription = {
      'spot-termination': { 'appears-after-seconds': 60 },
      'system-events': [
        { type: 'SystemMaintenance.Reboot' },
        { type: 'SystemFailure.Redeploy', 'appears-after-seconds': 90, 'notice-seconds': 10 },
      ],
    }
    const emulator = await createTestEmulator({ instances: [described], clock: () => now })
    const spot = (): Promise<Response> =>
      ask(emulator, '/latest/meta-data/instance/spot/termination-time')
    const events = async (): Promise<unknown[]> =>
      JSON.parse(await askText(emulator, '/latest/maintenance/active-system-events')) as unknown[]
    expect((await spot()).status).toBe(404)
    expect(await events()).toMatchObject([
      { EventType: 'SystemMaintenance.Reboot', NotBefore: '2027-01-15T09:00:00Z' },
    ])
    now += 59
    expect((await spot()).status).toBe(404)
    now += 1
    expect(await (await spot()).text()).toBe('2027-01-15T08:06:00Z')
    expect(await events()).toHaveLength(1)
    now += 30
    expect(await (await spot()).text()).toBe('2027-01-15T08:06:00Z')
    expect((await events())[1]).toMatchObject({ NotBefore: '2027-01-15T08:01:40Z' })
  })

  it('gives new credentials half an hour before the old ones end', async () => {
    let now = 1_800_000_000
    const emulator = await createTestEmulator({
      instances: [{ 'ram-roles': ['reader'] }],
      clock: () => now,
    })
    const get = async (): Promise<Record<string, string>> =>
      JSON.parse(await askText(emulator, '/latest/meta-data/ram/security-credentials/reader')) as {}
    const seen = new Map<string, number>()
    for (let i = 0; i < 1000; i++, now += 60) {
      const { AccessKeyId = '', Expiration = '', Code } = await get()
      expect(Code).toBe('Success')
      expect(Date.parse(Expiration) / 1000 - now).toBeGreaterThan(1800 - 60)
      seen.set(AccessKeyId, Date.parse(Expiration))
    }
    expect(seen.size).toBe(4)
    const [first = 0, second = 0] = [...seen.values()]
    expect((second - first) / 1000).toBe(21_600 - 1800)
  })

  it.each<[string, InstanceDescription, RegExp]>([
    [
      'an address out of the vSwitch',
      { 'private-ipv4': '10.0.0.9', 'vswitch-cidr-block': '10.0.1.0/24' },
      /private-ipv4: 10\.0\.0\.9 is no address/,
    ],
    [
      "the gateway's address",
      { 'private-ipv4': '10.0.0.253' },
      /private-ipv4: 10\.0\.0\.253 is no/,
    ],
    [
      'a vSwitch out of the VPC',
      { 'vpc-cidr-block': '10.0.0.0/16', 'vswitch-cidr-block': '10.1.0.0/24' },
      /vswitch-cidr-block: 10\.1\.0\.0\/24 is not in 10\.0\.0\.0\/16/,
    ],
    [
      'a zone of another region',
      { 'zone-id': 'cn-beijing-a', 'region-id': 'cn-hangzhou' },
      /zone-id: cn-beijing-a is not in cn-hangzhou/,
    ],
  ])('refuses %s', async (_, described, message) => {
    const problems = await problemsOf(() => createTestEmulator({ instances: [described] }))
    expect(problems).toEqual([expect.stringMatching(message)])
    expect(problems[0]).toMatch(/^instances\[0\]\./)
  })

  it('refuses two instances with the same id, MAC or address', async () => {
    for (const same of [
      { 'instance-id': 'i-same' },
      { mac: '00:16:3e:00:00:01' },
      { 'private-ipv4': '10.0.0.9' },
      { 'serial-number': 'same' },
    ]) {
      const problems = await problemsOf(() => createTestEmulator({ instances: [same, same] }))
      expect(problems).toEqual([
        `instances[1]: ${Object.values(same)[0]} belongs to another instance`,
      ])
    }
  })

  it('refuses more instances than a vSwitch has addresses', async () => {
    const described = { 'vswitch-cidr-block': '10.0.0.0/28', 'network-interfaces': 4 }
    const fits = await createTestEmulator({ instances: [described, described, described] })
    expect(fits.instances.length).toBe(3)
    const instances = Array.from({ length: 4 }, () => described)
    expect(await problemsOf(() => createTestEmulator({ instances }))).toContain(
      'instances[3].vswitch-cidr-block: has no address left',
    )
  })
})

describe('parseInstanceDescriptions()', () => {
  it('names every problem with its path', async () => {
    const wrong = [
      { hostname: '', nope: 1, mac: '00:16:3E:00:00:01', 'network-interfaces': 9 },
      {
        'private-ipv4': '010.0.0.1',
        'vswitch-cidr-block': '10.0.0.1/24',
        'public-keys': 'one',
        'ram-roles': ['a/b'],
        'user-data': 'x'.repeat(32_769),
        'system-events': [{}],
        'spot-termination': { 'appears-after-seconds': -1 },
        items: {
          'meta-data/mac': 'x',
          '../x': 'y',
          '/meta-data/x': 'y',
          'meta-data/y': 1,
          'meta-data/public-keys/0/openssh-key': 'z',
        },
      },
      7,
    ]
    const problems = await problemsOf(() => parseInstanceDescriptions(wrong))
    expect(problems.map((problem) => problem.replace(/: .*/, ''))).toEqual([
      'instances[0].hostname',
      'instances[0].nope',
      'instances[0].mac',
      'instances[0].network-interfaces',
      'instances[1].private-ipv4',
      'instances[1].vswitch-cidr-block',
      'instances[1].public-keys',
      'instances[1].ram-roles[0]',
      'instances[1].user-data',
      'instances[1].system-events[0].type',
      'instances[1].spot-termination.appears-after-seconds',
      'instances[1].items["meta-data/mac"]',
      'instances[1].items["../x"]',
      'instances[1].items["/meta-data/x"]',
      'instances[1].items["meta-data/y"]',
      'instances[1].items["meta-data/public-keys/0/openssh-key"]',
      'instances[2]',
    ])
    for (const none of [[], {}, null, 'x']) {
      expect((await problemsOf(() => parseInstanceDescriptions(none))).length, String(none)).toBe(1)
    }
  })
})
