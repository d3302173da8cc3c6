// What the client says when it can't give what was asked for, and what it never does or says.

import { once } from 'node:events'
import { type RequestListener, createServer } from 'node:http'
import { type AddressInfo, type Socket, createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  MetadataError,
  type MetadataRetry,
  createMetadataClient,
  remedyOf,
} from '../../../src/metadata/index.ts'
import { createFastTiming } from '../../support/fast-timing.ts'
import { reservePort } from '../../support/ports.ts'
import { failureOf, startClientServers } from '../../support/metadata-client.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A metadata service that gives a token and then answers as the test says. */
const listen = async (answer: RequestListener, token = 'a-token'): Promise<string> => {
  const server = createServer((request, response) =>
    request.method === 'PUT' ? response.end(token) : void answer(request, response),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('MetadataError', () => {
  it.each([
    ['meta-data/public-keys/', /bind one, then stop and start the instance/],
    ['meta-data/public-keys', /bind one, then stop and start the instance/],
    ['meta-data/public-keys/0/openssh-key', /bind one, then stop and start the instance/],
    ['meta-data/eipv4', /needs a public address/],
    ['user-data', /given when the instance is created/],
    ['meta-data/ram/security-credentials/', /needs a RAM role: attach one/],
    ['meta-data/ram', /needs a RAM role: attach one/],
    ['meta-data/instance/spot/termination-time', /a spot instance that is marked to be stopped/],
    ['meta-data/image/market-place/product-code', /image of the Marketplace/],
    ['meta-data/kms-server', /a Windows instance/],
    ['maintenance/active-system-events', /none is planned or under way/],
    ['meta-data/hostnam', /not known to this version/],
    ['meta-data/public-ipv4', /needs a public address/],
    ['meta-data/tags/instance/', /InstanceMetadataTags=enabled/],
    ['meta-data/tags/instance/Patch Group', /InstanceMetadataTags=enabled/],
    ['meta-data/tags', /InstanceMetadataTags=enabled/],
    ['meta-data/network/interfaces/macs/00:16:3e:00:00:01/ipv6s', /needs IPv6: switch it on/],
    ['meta-data/hibernation/configured', /the documentation does not list it/],
  ])('says for 404 at %s what it takes', async (path, remedy) => {
    const { client } = await startClientServers()
    const error = (await failureOf(client.get(path))) as MetadataError
    expect(error).toBeInstanceOf(MetadataError)
    expect(error).toMatchObject({ code: 'not_found', status: 404, path })
    expect(error.remedy).toMatch(remedy)
    expect(error.message).toBe(`${path} is not set (status 404); ${error.remedy}`)
  })

  it('says for 404 at what each instance has that this may not be ECS', async () => {
    const { client } = await startClientServers({ faults: ['not-found:meta-data/hostname'] })
    const error = await failureOf(client.items.hostname())
    expect(error).toMatchObject({ code: 'not_found', path: 'meta-data/hostname' })
    expect(String(error)).toMatch(/check that this is the metadata service of ECS/)
    expect(remedyOf('dynamic/instance-identity/pkcs7')).toBe(remedyOf('meta-data/hostname'))
  })

  it('says where nobody listens whether this is an instance', async () => {
    const baseUrl = `http://127.0.0.1:${await reservePort()}`
    const client = createMetadataClient({ baseUrl, attempts: 2 })
    const error = await failureOf(client.items.hostname())
    expect(error).toMatchObject({ code: 'unreachable', status: undefined })
    expect(String(error)).toMatch(/\(ECONNREFUSED\); is this an ECS instance in a VPC\?/)
  })

  it('says the same where nothing answers, after its short limit', async () => {
    const sockets: Socket[] = []
    const server = createTcpServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    closers.push(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const client = createMetadataClient({ baseUrl, attempts: 1, timeoutSeconds: 0.3 })
    const before = performance.now()
    const error = await failureOf(client.items.hostname())
    expect(performance.now() - before).toBeLessThan(3000)
    expect(error).toMatchObject({ code: 'unreachable' })
    expect(String(error)).toMatch(/no answer within 0.3 s\); is this an ECS instance in a VPC\?/)
    expect(sockets.length).toBe(1)
  })

  it('counts the limit to the end of an answer', async () => {
    const baseUrl = await listen((_, response) => void response.write('begun'))
    const client = createMetadataClient({ baseUrl, attempts: 1, timeoutSeconds: 0.3 })
    expect(await failureOf(client.items.hostname())).toMatchObject({ code: 'unreachable' })
  })

  it('says that a service that answers 500 is not available, after all attempts', async () => {
    const { client, requests } = await startClientServers(
      { faults: ['error:500@meta-data/mac'] },
      { attempts: 2 },
    )
    const error = await failureOf(client.items.mac())
    expect(error).toMatchObject({ code: 'unavailable', status: 500 })
    expect(requests.filter((request) => request.endsWith('/mac')).length).toBe(2)
  })

  it('waits as long as Retry-After says', async () => {
    let asked = 0
    const baseUrl = await listen((_, response) => {
      if (++asked === 1) response.writeHead(503, { 'Retry-After': '2' }).end()
      else response.end('name')
    })
    const before = performance.now()
    expect(await createMetadataClient({ baseUrl }).items.hostname()).toBe('name')
    expect(performance.now() - before).toBeGreaterThanOrEqual(1990)
  })

  it('waits until the date of Retry-After, by the clock of the service', async () => {
    const waits: number[] = []
    let asked = 0
    const baseUrl = await listen((_, response) => {
      const headers = {
        Date: 'Mon, 01 Jan 2001 00:00:00 GMT',
        'Retry-After': 'Mon, 01 Jan 2001 00:00:07 GMT',
      }
      if (++asked === 1) response.writeHead(503, headers).end()
      else response.end('name')
    })
    const timing = { ...createFastTiming(), random: () => 0 }
    const onRetry = ({ waitSeconds }: MetadataRetry) => void waits.push(waitSeconds)
    await createMetadataClient({ baseUrl, timing, onRetry }).items.hostname()
    expect(waits).toEqual([7])
  })

  it('says at once that the metadata service has no TLS', async () => {
    const baseUrl = (await listen((_, response) => void response.end('x'))).replace(
      'http:',
      'https:',
    )
    let retries = 0
    const client = createMetadataClient({ baseUrl, onRetry: () => void retries++ })
    const error = await failureOf(client.items.hostname())
    expect(error).toMatchObject({ code: 'unreachable' })
    expect(String(error)).toContain('the metadata service has no TLS: write http:// in its address')
    expect(retries).toBe(0)
  })

  it('does not follow a redirect', async () => {
    let asked = 0
    const other = await listen((_, response) => void response.end(String(++asked)))
    const baseUrl = await listen((_, response) =>
      response.writeHead(302, { Location: `${other}/latest/meta-data/hostname` }).end(),
    )
    for (const fetch of [undefined, globalThis.fetch]) {
      const client = createMetadataClient({ baseUrl, fetch })
      const error = await failureOf(client.items.hostname())
      expect(error).toMatchObject({ code: 'unexpected_answer', status: 302 })
    }
    expect(asked).toBe(0)
  })

  it('stops reading an answer that is too large', async () => {
    let sent = 0
    const baseUrl = await listen((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(10_000))) sent += 10_000
      }
      response.on('drain', more).on('error', () => undefined)
      more()
    })
    for (const fetch of [undefined, globalThis.fetch]) {
      const client = createMetadataClient({ baseUrl, fetch })
      expect(await failureOf(client.userData())).toMatchObject({ code: 'too_large' })
    }
    expect(sent).toBeLessThan(50_000_000)
  })

  it('takes an answer of 65,536 bytes', async () => {
    const baseUrl = await listen((_, response) => void response.end('x'.repeat(65_536)))
    expect((await createMetadataClient({ baseUrl }).userData())?.length).toBe(65_536)
  })

  it.each([
    ['maxEgressKbits', 'many'],
    ['spotTerminationTime', '2027-01-15'],
    ['spotTerminationTime', '2027-13-15T08:00:00Z'],
    ['activeSystemEvents', '[{]'],
    ['macs', '../../user-data/'],
    ['macs', '<html>'],
  ] as const)('is what %s gives for %j', async (name, text) => {
    const baseUrl = await listen((_, response) => void response.end(text))
    const error = await failureOf(createMetadataClient({ baseUrl }).items[name]())
    expect(error).toMatchObject({ code: 'unexpected_answer' })
    expect(String(error)).not.toContain(text)
  })

  it.each(['', 'a b', 'x'.repeat(5000), 'tök'])('refuses %j for a token', async (token) => {
    const baseUrl = await listen((_, response) => void response.end('x'), token)
    const error = await failureOf(createMetadataClient({ baseUrl }).items.mac())
    expect(error).toMatchObject({ code: 'unexpected_answer' })
  })

  it('says that an item is no folder', async () => {
    const { client } = await startClientServers()
    for (const path of ['meta-data/hostname', 'meta-data/hostname/', 'user-data']) {
      expect(await failureOf(client.list(path))).toMatchObject({ code: 'not_a_folder' })
    }
    const baseUrl = await listen((_, response) => void response.end('<html>a page</html>'))
    const error = await failureOf(createMetadataClient({ baseUrl }).list('other'))
    expect(error).toMatchObject({ code: 'not_a_folder' })
  })

  it('ends a walk through folders without end', async () => {
    const baseUrl = await listen((_, response) => void response.end('again/'))
    const walk = async (): Promise<void> => {
      for await (const _ of createMetadataClient({ baseUrl }).walk('deep')) continue
    }
    expect(await failureOf(walk())).toMatchObject({ code: 'unexpected_answer' })
  })

  it('keeps credentials back unless they are asked for as such', async () => {
    const { client, requests } = await startClientServers({ allItems: true })
    const [role = ''] = await client.items.ramRoleNames()
    const before = requests.length
    for (const path of [
      `meta-data/ram/security-credentials/${role}`,
      `/latest/meta-data/ram/security-credentials/${role}/`,
      `meta-data/RAM/Security-Credentials/${role}`,
    ]) {
      for (const read of [client.get, client.getBytes]) {
        expect(await failureOf(read(path)), path).toMatchObject({ code: 'secret' })
      }
    }
    expect(requests.length).toBe(before)
    const path = `meta-data/ram/security-credentials/${role}`
    const text = await client.get(path, { revealCredentials: true })
    expect(JSON.parse(text)).toMatchObject({ Code: 'Success' })
  })

  it('says nothing of what the service answered, of a token or of an audience', async () => {
    const secret = 'S3CRET'
    const statuses = [400, 401, 403, 404, 418, 500]
    for (const status of statuses) {
      const baseUrl = await listen((_, response) => {
        response.writeHead(status).end(secret)
      }, secret)
      const client = createMetadataClient({ baseUrl, attempts: 1 })
      const error = await failureOf(client.identitySignature({ audience: secret }))
      expect(error).toBeInstanceOf(MetadataError)
      const { message, stack, remedy, cause } = error as MetadataError
      expect([message, stack, remedy, String(cause)].join()).not.toContain(secret)
    }
  })
})
