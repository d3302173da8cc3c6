// The client against the emulated service behind a port, and the same with curl as the witness.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type EmulatorServer, startEmulator } from '../../../src/cli/emulator-server.ts'
import { parseTrustAnchors, verifyInstanceIdentity } from '../../../src/index.ts'
import {
  INTERFACE_ITEMS,
  ITEMS,
  type Item,
  type ListEntry,
  type MetadataClient,
  createMetadataClient,
} from '../../../src/metadata/index.ts'
import { asTarget, asText, failureOf, startClientServers } from '../../support/metadata-client.ts'
import { curlWithToken } from '../../support/curl.ts'

let server: EmulatorServer
let client: MetadataClient
beforeAll(async () => {
  server = await startEmulator({ allItems: true, hardenedOnly: true, seed: 'client' })
  client = createMetadataClient({ baseUrl: server.url })
})
afterAll(() => server.close())

describe('createMetadataClient()', () => {
  it('reads each documented item as curl does', async (context) => {
    const curl = await curlWithToken(context, server.url)
    const accessors = Object.entries(client.items)
    expect(accessors.length).toBe(Object.keys(ITEMS).length - 4)
    const itemOf = (name: string): Item => ITEMS[name as keyof typeof ITEMS]
    const texts = await curl.all(accessors.map(([name]) => `/latest/${itemOf(name).path}`))
    for (const [at, [name, read]] of accessors.entries()) {
      const item = itemOf(name)
      const text = texts[at] as string
      const value: unknown = await read()
      if (item.form === 'names') {
        expect((value as string[]).length, name).toBeGreaterThan(0)
        expect(value, name).toEqual(text.split('\n').map((line) => line.replace(/\/$/, '')))
      } else expect(asText(item, value), name).toBe(text)
    }
  })

  it('reads each item of each network interface as curl does', async (context) => {
    const curl = await curlWithToken(context, server.url)
    const macs = await client.items.macs()
    expect(macs.length).toBe(2)
    for (const mac of macs) {
      const accessors = Object.entries(client.networkInterface(mac)).map(([name, read]) => ({
        name,
        read,
        item: INTERFACE_ITEMS[name as keyof typeof INTERFACE_ITEMS] as Item,
      }))
      const texts = await curl.all(
        accessors.map(({ item }) => `/latest/${ITEMS.macs.path}${mac}/${item.path}`),
      )
      for (const [at, { name, read, item }] of accessors.entries())
        expect(asText(item, await read()), name).toBe(texts[at])
    }
  })

  it('reads user data, document and signature as curl does', async (context) => {
    const curl = await curlWithToken(context, server.url)
    const userData = await client.userData()
    expect(new TextDecoder().decode(userData)).toBe(await curl('/latest/user-data'))
    const identity = '/latest/dynamic/instance-identity'
    expect(await client.identityDocument()).toBe(await curl(`${identity}/document`))
    expect(await client.identitySignature()).toBe(await curl(`${identity}/pkcs7`))
    const audience = 'a+b &/é"'
    expect(await client.identitySignature({ audience })).toBe(
      await curl(`${identity}/pkcs7?audience=${encodeURIComponent(audience)}`),
    )
    expect((await client.versions()).join('\n')).toBe(await curl('/'))
  })

  it('walks every item that curl finds through the listings, and reads it', async (context) => {
    const curl = await curlWithToken(context, server.url)
    const crawl = async (folders: readonly string[]): Promise<Map<string, string[]>> => {
      const listings = await curl.all(folders.map((folder) => `/latest/${folder}`))
      const entries = folders.map((folder, at): [string, string[]] => [
        folder,
        (listings[at] as string).split('\n').map((name) => asTarget(folder + name)),
      ])
      const inside = entries.flatMap(([, paths]) => paths.filter((path) => path.endsWith('/')))
      return new Map([...entries, ...(inside.length === 0 ? [] : await crawl(inside))])
    }
    const folders = await crawl([''])
    const inOrder = (folder: string): string[] =>
      (folders.get(folder) ?? []).flatMap((path) => (path.endsWith('/') ? inOrder(path) : [path]))
    const paths = inOrder('')
    const found: ListEntry[] = []
    for await (const entry of client.walk()) found.push(entry)
    expect(found.map(({ path }) => asTarget(path))).toEqual(paths)
    expect(found.map(({ name }) => name)).toContain('k8s.io/cluster/c1')
    const texts = await curl.all(paths.map((path) => `/latest/${path}`))
    for (const [at, { path, isSecret, isFolder }] of found.entries()) {
      expect(isFolder).toBe(false)
      expect(isSecret).toBe(path.includes('security-credentials/'))
      expect(await client.get(path, { revealCredentials: true })).toBe(texts[at])
    }
  })

  it('lists folders, with or without a slash, and from the top', async () => {
    const top = await client.list()
    expect(top.map(({ path }) => path)).toEqual([
      'dynamic/',
      'maintenance/',
      'meta-data/',
      'user-data',
      'vendor-data',
    ])
    expect(await client.list('/latest/')).toEqual(top)
    const inside = await client.list('meta-data/instance')
    expect(await client.list('/latest/meta-data/instance/')).toEqual(inside)
    expect(inside).toContainEqual({
      name: 'spot',
      path: 'meta-data/instance/spot/',
      isFolder: true,
      isSecret: false,
    })
    expect(await client.get('meta-data/instance/')).toContain('\nspot/\n')
  })

  it('gives evidence that verifies, for the audience alone', async () => {
    const trustAnchors = await parseTrustAnchors(server.emulator.certificatePem)
    const evidence = await client.evidence({ audience: 'a-nonce' })
    expect(Object.keys(evidence)).toEqual(['document', 'pkcs7'])
    const identity = await verifyInstanceIdentity(evidence, { audience: 'a-nonce', trustAnchors })
    expect(identity).toMatchObject({
      audience: 'a-nonce',
      instanceId: await client.items.instanceId(),
      privateIpv4: await client.items.privateIpv4(),
    })
    const other = { audience: 'other', trustAnchors }
    await expect(verifyInstanceIdentity(evidence, other)).rejects.toMatchObject({
      code: 'audience_mismatch',
    })
  })

  it('gives each public key once, though it is listed by number and by the id of the pair', async () => {
    const keys = server.emulator.instances[0]?.publicKeys
    expect(keys?.length).toBe(1)
    expect(await client.items.publicKeyNames()).toEqual(['0', 'EmulatedKeyPair'])
    expect(await client.publicKeys()).toEqual([{ name: '0', openssh: keys?.[0] }])
  })

  it('gives the disks, and each item of one as curl does', async (context) => {
    const curl = await curlWithToken(context, server.url)
    const serials = await client.items.diskSerials()
    expect(serials.length).toBe(2)
    for (const serial of serials) {
      const folder = `/latest/meta-data/disks/${serial}`
      expect(await client.disk(serial).id()).toBe(await curl(`${folder}/id`))
      expect(await client.disk(serial).name()).toBe(await curl(`${folder}/name`))
    }
  })

  it('gives tags whose keys hold spaces, slashes and Chinese, percent-encoded', async () => {
    const { client, requests } = await startClientServers({ allItems: true })
    expect(await client.tags()).toEqual([
      { key: 'Name', value: 'emulated' },
      { key: 'Patch Group', value: 'a' },
      { key: 'k8s.io/cluster/c1', value: 'owned' },
      { key: '环境', value: '测试' },
    ])
    const folder = 'GET /latest/meta-data/tags/instance/'
    expect(requests).toContain(`${folder}Patch%20Group`)
    expect(requests).toContain(`${folder}k8s.io%2Fcluster%2Fc1`)
    expect(requests).toContain(`${folder}%E7%8E%AF%E5%A2%83`)
    expect(await client.get('/latest/meta-data/tags/instance/k8s.io/cluster/c1')).toBe('owned')
    expect(await client.list('meta-data/tags/instance')).toContainEqual({
      name: 'k8s.io/cluster/c1',
      path: 'meta-data/tags/instance/k8s.io/cluster/c1',
      isFolder: false,
      isSecret: false,
    })
  })

  it('reads IPv6 addresses in every way in which they may be written', async () => {
    const written = [
      '["2408::1","2408::2"]',
      '[2408::1, 2408::2]',
      '2408::1\n2408::2',
      '2408::1,2408::2',
    ]
    for (const text of written) {
      const fetch = async (_: string, { method }: { method: string }) =>
        new Response(method === 'PUT' ? 'token' : text)
      const one = createMetadataClient({ fetch }).networkInterface('00:16:3e:00:00:01')
      expect(await one.ipv6s(), text).toEqual(['2408::1', '2408::2'])
    }
    const fetch = async (_: string, { method }: { method: string }) =>
      new Response(method === 'PUT' ? 'token' : '[many]')
    const odd = createMetadataClient({ fetch }).networkInterface('00:16:3e:00:00:01').ipv6s()
    expect(await failureOf(odd)).toMatchObject({ code: 'unexpected_answer' })
  })

  it('takes all of the metadata for a secret, since it may hold credentials', async () => {
    const { client, requests } = await startClientServers({ allItems: true })
    for (const path of ['meta-data/all', 'meta-data/ALL/', 'meta-data/ａｌｌ']) {
      expect(await failureOf(client.get(path)), path).toMatchObject({ code: 'secret' })
    }
    expect(requests).toEqual([])
    const text = await client.get('meta-data/all', { revealCredentials: true })
    expect(text).not.toContain('emulated-secret')
    expect(JSON.parse(text)).toMatchObject({
      'instance-id': await client.items.instanceId(),
      instance: { 'instance-name': await client.items.instanceName() },
      tags: { instance: { 'k8s.io/cluster/c1': 'owned' } },
    })
  })

  it('keeps a line of a listing that is no name, with its problem, and goes on', async () => {
    const listings: Readonly<Record<string, string>> = {
      '/latest/': 'meta-data/\nmeta data\tx\n../up/\nuser-data',
      '/latest/meta-data/': 'mac\n',
    }
    const asked: string[] = []
    const fetch = async (url: string, { method }: { method: string }) => {
      const { pathname } = new URL(url)
      asked.push(pathname)
      return new Response(method === 'PUT' ? 'token' : (listings[pathname] ?? 'value'))
    }
    const client = createMetadataClient({ fetch })
    const found: ListEntry[] = []
    for await (const entry of client.walk()) found.push(entry)
    expect(found.map(({ name, problem }) => [name, problem !== undefined])).toEqual([
      ['mac', false],
      ['meta data\tx', true],
      ['../up/', true],
      ['user-data', false],
    ])
    expect(asked).toEqual(['/latest/api/token', '/latest/', '/latest/meta-data/'])
  })

  it('asks as each instance below its own path', async () => {
    const { instanceId } = server.emulator.instances[0] as { instanceId: string }
    const other = createMetadataClient({ baseUrl: `${server.url}/instances/${instanceId}/` })
    expect(other.baseUrl).toBe(`${server.url}/instances/${instanceId}`)
    expect(await other.items.instanceId()).toBe(instanceId)
    expect(await other.versions()).toEqual(['2016-01-01', 'latest'])
  })

  it('gives nothing, or an empty list, for what an instance does not have', async () => {
    const { client } = await startClientServers()
    const lists = new Set([
      'publicKeyNames',
      'ramRoleNames',
      'activeSystemEvents',
      'tagKeys',
      'subPrivateIpv4s',
    ])
    for (const [name, read] of Object.entries(client.items)) {
      if (!('needs' in ITEMS[name as keyof typeof ITEMS])) continue
      expect(await read(), name).toEqual(lists.has(name) ? [] : undefined)
    }
    expect(await client.publicKeys()).toEqual([])
    expect(await client.tags()).toEqual([])
    expect(await client.userData()).toBeUndefined()
  })

  it('gives user data that is no text as bytes', async () => {
    const instances = [{ 'user-data-base64': 'H4sIAP//' }]
    const { client } = await startClientServers({ instances })
    expect([...((await client.userData()) ?? [])]).toEqual([0x1f, 0x8b, 8, 0, 0xff, 0xff])
    await expect(client.get('user-data')).rejects.toMatchObject({ code: 'unexpected_answer' })
    expect((await client.getBytes('user-data')).length).toBe(6)
  })

  it('sends nothing but GET, and one PUT for the token', async () => {
    const { client, requests } = await startClientServers({ allItems: true })
    for await (const { path } of client.walk()) await client.get(path, { revealCredentials: true })
    await client.evidence({ audience: 'x' })
    const puts = requests.filter((request) => !request.startsWith('GET '))
    expect(puts).toEqual(['PUT /latest/api/token'])
  })

  it.each([
    [{ baseUrl: 'ftp://x' }, /^baseUrl: expected http:\/\/HOST, got "ftp:\/\/x"$/],
    [{ baseUrl: 'x' }, /baseUrl: expected http/],
    [{ baseUrl: 'http://x/?a' }, /baseUrl: http:\/\/x\/ has a query/],
    [{ baseUrl: 'http://user:secret@x/' }, /^baseUrl: http:\/\/x\/ has a user name or a password/],
    [{ baseUrl: 'http://x/latest' }, /baseUrl: .* remove \/latest: http:\/\/x$/],
    [{ baseUrl: 'http://x/latest/' }, /remove \/latest: http:\/\/x$/],
    [{ baseUrl: 'http://x/2016-01-01' }, /remove \/2016-01-01: http:\/\/x$/],
    [{ baseUrl: 'http://x/p/latest/meta-data' }, /remove \/latest\/meta-data: http:\/\/x\/p$/],
    [{ mode: 'normal' as 'auto' }, /mode: expected hardened or auto, got normal/],
    [{ timeoutSeconds: 0 }, /timeoutSeconds: expected more than 0/],
    [{ timeoutSeconds: Number.NaN }, /timeoutSeconds/],
    [{ timeoutSeconds: 61 }, /timeoutSeconds/],
    [{ attempts: 0 }, /attempts: expected a whole number/],
    [{ attempts: 1.5 }, /attempts/],
    [{ attempts: { unavailable: 101, unanswered: 1 } }, /attempts.unavailable: expected/],
    [{ attempts: { unavailable: 1, unanswered: 0 } }, /attempts.unanswered: expected/],
  ])('refuses %o', (options, message) => {
    expect(() => createMetadataClient(options)).toThrow(message)
  })

  it.each([
    '../x',
    'meta-data/../user-data',
    'meta-data//mac',
    '//evil.example/x',
    'mac?x',
    'mac#x',
    'a\\b',
    'a%2e',
    '<html>',
    'meta-data/tags/instance/..',
    'meta-data/tags/instance/a/../b',
    'meta-data/tags/instance/a\\..\\b',
    'meta-data/tags/instance/a\n',
    '\ud800',
    'a\n',
    '.',
    'x/'.repeat(13),
  ])('sends nothing for the path %j', async (path) => {
    const { client, requests } = await startClientServers()
    for (const ask of [client.get, client.getBytes, client.list]) {
      await expect(ask(path)).rejects.toThrow(RangeError)
    }
    expect(() => client.networkInterface('../x')).toThrow(RangeError)
    expect(requests).toEqual([])
  })

  it.each(['', '/', '/latest', '/2016-01-01/'])('takes %j for the top', async (path) => {
    expect(await client.list(path)).toEqual(await client.list())
  })

  it('takes what the documentation writes before a path', async () => {
    const { mac } = client.items
    for (const path of ['/latest/meta-data/mac', '/meta-data/mac', '2016-01-01/meta-data/mac']) {
      expect(await client.get(path)).toBe(await mac())
    }
  })
})
