// The metadata service as an instance meets it: paths, items, methods, hardened mode.

import { beforeAll, describe, expect, it, vi } from 'vitest'
import { type MetadataEmulator, createMetadataEmulator } from '../../../src/emulator/index.ts'
import { DOCUMENT, PKCS7, ask, askText } from '../../support/metadata-tools.ts'
import { createTestEmulator } from '../../support/test-emulator.ts'

const TOKEN = '/latest/api/token'
const TTL_HEADER = 'X-aliyun-ecs-metadata-token-ttl-seconds'
const TOKEN_HEADER = 'X-aliyun-ecs-metadata-token'

let emulator: MetadataEmulator
let now = 1_800_000_000

beforeAll(async () => {
  emulator = await createTestEmulator({ instances: 3, seed: 'paths', clock: () => now })
})

const status = async (path: string, init?: RequestInit, of = emulator): Promise<number> =>
  (await ask(of, path, init)).status

/** Every item below a folder, found through the listings alone. */
const crawl = async (folder: string): Promise<string[]> => {
  const names = (await askText(emulator, folder)).split('\n')
  const found = names.map((name) => (name.endsWith('/') ? crawl(folder + name) : [folder + name]))
  return (await Promise.all(found)).flat()
}

describe('createMetadataEmulator()', () => {
  it('lists the versions, which serve the same tree', async () => {
    expect(await askText(emulator, '/')).toBe('2016-01-01\nlatest')
    const dated = (path: string): string => path.replace('latest', '2016-01-01')
    for (const path of [DOCUMENT, PKCS7, '/latest/', '/latest/meta-data/mac']) {
      expect(await askText(emulator, dated(path))).toBe(await askText(emulator, path))
    }
  })

  it('answers the document on one line, in the form of ECS', async () => {
    const text = await askText(emulator, DOCUMENT)
    expect(text).toBe(JSON.stringify(emulator.instances[0]?.document))
    expect(text).toMatch(/^\{"zone-id":"[^\n]+"\}$/)
  })

  it('has items that agree with the document', async () => {
    const document = JSON.parse(await askText(emulator, DOCUMENT)) as Record<string, string>
    expect(Object.keys(document).length).toBe(9)
    for (const [field, value] of Object.entries(document)) {
      const item = field === 'instance-type' ? 'instance/instance-type' : field
      expect(await askText(emulator, `/latest/meta-data/${item}`), field).toBe(value)
    }
    const { mac, 'private-ipv4': address } = document
    const networkInterface = `/latest/meta-data/network/interfaces/macs/${mac}`
    expect(await askText(emulator, `${networkInterface}/primary-ip-address`)).toBe(address)
    expect(await askText(emulator, `${networkInterface}/private-ipv4s`)).toBe(`["${address}"]`)
  })

  it('lists folders, and each item listed can be read', async () => {
    const items = await crawl('/latest/')
    expect(items).toContain(PKCS7)
    expect(items).toContain('/latest/meta-data/instance/instance-type')
    for (const item of items) expect(await status(item), item).toBe(200)
    expect(await askText(emulator, '/latest/dynamic/')).toBe('instance-identity/')
    expect(await askText(emulator, '/latest/dynamic')).toBe('instance-identity/')
  })

  it.each([
    '/latest/user-data',
    '/latest/meta-data/eipv4',
    '/latest/meta-data/public-keys/',
    '/latest/meta-data/inst',
    '/latest/meta-data/mac/x',
    '/1.0/meta-data/',
    '/api/token',
    '/instances/i-unknown/latest/',
    '/instances/i-unknown',
  ])('answers 404 for %s, which is not set', async (path) => {
    expect(await status(path)).toBe(404)
  })

  it('answers as each instance below its own path, as the first one without', async () => {
    for (const { instanceId } of emulator.instances) {
      const path = `/instances/${instanceId}`
      expect(await askText(emulator, `${path}/latest/meta-data/instance-id`)).toBe(instanceId)
      expect(await askText(emulator, path)).toBe('2016-01-01\nlatest')
      const document = JSON.parse(await askText(emulator, path + DOCUMENT)) as object
      expect(document).toMatchObject({ 'instance-id': instanceId })
    }
    const [first] = emulator.instances
    expect(await askText(emulator, '/latest/meta-data/instance-id')).toBe(first?.instanceId)
    const ids = emulator.instances.map(({ instanceId }) => instanceId)
    expect(await askText(emulator, '/instances/')).toBe(ids.join('\n'))
  })

  it.each([
    ['POST', DOCUMENT, 'GET'],
    ['PUT', DOCUMENT, 'GET'],
    ['HEAD', '/latest/', 'GET'],
    ['DELETE', '/', 'GET'],
    ['GET', TOKEN, 'PUT'],
    ['POST', TOKEN, 'PUT'],
  ])('answers 405 to %s %s and says what is allowed', async (method, path, allow) => {
    const response = await ask(emulator, path, { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('Allow')).toBe(allow)
  })

  it('makes other instances and another key each time, without a seed', async () => {
    const [a, b] = [await createMetadataEmulator(), await createMetadataEmulator()]
    expect(a.instances.length).toBe(1)
    expect(a.instances[0]?.instanceId).not.toBe(b.instances[0]?.instanceId)
    expect(a.certificatePem).not.toBe(b.certificatePem)
    const again = await createTestEmulator({ seed: a.seed })
    expect(again.instances).toEqual(a.instances)
    expect(again.certificatePem).not.toBe(a.certificatePem)
  })

  it.each([0, 1.5, -1, Number.NaN, 10_001])('refuses %s instances or accounts', async (count) => {
    const message = /: expected a whole number from 1 to 10000, got /
    await expect(createMetadataEmulator({ instances: count })).rejects.toThrow(message)
    await expect(createMetadataEmulator({ accounts: count })).rejects.toThrow(message)
  })
})

describe('createMetadataEmulator() in hardened mode', () => {
  const putToken = (headers: Record<string, string>, of = emulator, prefix = '') =>
    ask(of, prefix + TOKEN, { method: 'PUT', headers })
  const getToken = async (ttl: number, of = emulator, prefix = ''): Promise<string> =>
    (await putToken({ [TTL_HEADER]: String(ttl) }, of, prefix)).text()
  const withToken = (token: string): RequestInit => ({ headers: { [TOKEN_HEADER]: token } })

  it.each(['1', '60', '21600'])('gives a token for %s seconds', async (ttl) => {
    const response = await putToken({ [TTL_HEADER]: ttl })
    expect(response.status).toBe(200)
    expect(await status(DOCUMENT, withToken(await response.text()))).toBe(200)
  })

  it.each(['0', '21601', '', '-1', '1.5', '1e3', '0x10', '60, 60'])(
    'refuses a token for %j seconds',
    async (ttl) => {
      expect((await putToken({ [TTL_HEADER]: ttl })).status).toBe(400)
    },
  )

  it('refuses a token for a time that is not given', async () => {
    expect((await putToken({})).status).toBe(400)
  })

  it('refuses a token to a request that came through a proxy', async () => {
    const headers = { [TTL_HEADER]: '60', 'X-Forwarded-For': '10.0.0.1' }
    expect((await putToken(headers)).status).toBe(403)
  })

  it('refuses a wrong token, even where none is needed', async () => {
    const token = await getToken(60)
    expect(await status(DOCUMENT)).toBe(200)
    for (const wrong of ['', 'x', `${token}x`, token.slice(1)]) {
      expect(await status(DOCUMENT, withToken(wrong)), wrong).toBe(401)
      expect(await status(PKCS7, withToken(wrong)), wrong).toBe(401)
    }
  })

  it('refuses a token once its time is over', async () => {
    const token = await getToken(60)
    const before = now
    now += 59
    expect(await status(DOCUMENT, withToken(token))).toBe(200)
    now += 1
    expect(await status(DOCUMENT, withToken(token))).toBe(401)
    await getToken(60)
    now = before
    expect(await status(DOCUMENT, withToken(token)), 'forgotten for good').toBe(401)
  })

  it('refuses the token of another instance, and of another metadata service', async () => {
    const token = await getToken(60)
    const [first, second] = emulator.instances
    expect(await status(`/instances/${first?.instanceId}/latest/`, withToken(token))).toBe(200)
    expect(await status(`/instances/${second?.instanceId}/latest/`, withToken(token))).toBe(401)
    const other = await createTestEmulator({ seed: 'paths' })
    expect(await status(DOCUMENT, withToken(token), other)).toBe(401)
  })

  it('refuses a request without a token, if only hardened mode is allowed', async () => {
    const hardened = await createTestEmulator({ hardenedOnly: true })
    for (const path of ['/', '/latest/', DOCUMENT, PKCS7]) {
      expect(await status(path, {}, hardened), path).toBe(403)
      const token = await getToken(60, hardened)
      expect(await status(path, withToken(token), hardened), path).toBe(200)
    }
  })
})

describe('createMetadataEmulator() with a fault', () => {
  it('not-found answers 404 for a path and all below it, in both versions', async () => {
    const faults = ['not-found:meta-data/instance', `not-found:api/token`]
    const faulty = await createTestEmulator({ faults })
    for (const path of ['instance', 'instance/', 'instance/instance-type']) {
      expect(await status(`/latest/meta-data/${path}`, {}, faulty), path).toBe(404)
      expect(await status(`/2016-01-01/meta-data/${path}`, {}, faulty), path).toBe(404)
    }
    const put = { method: 'PUT', headers: { [TTL_HEADER]: '60' } }
    expect(await status(TOKEN, put, faulty)).toBe(404)
    expect(await status('/latest/meta-data/instance-id', {}, faulty)).toBe(200)
  })

  it('slow holds each answer back', async () => {
    const faulty = await createTestEmulator({ faults: ['slow:1000'] })
    vi.useFakeTimers()
    try {
      let answered = false
      const answer = ask(faulty, '/').then(() => (answered = true))
      await vi.advanceTimersByTimeAsync(999)
      expect(answered).toBe(false)
      await vi.advanceTimersByTimeAsync(1)
      expect(await answer).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  it('slow waits no longer than its caller', async () => {
    const faulty = await createTestEmulator({ faults: ['slow:999999'] })
    const caller = new AbortController()
    const answer = ask(faulty, '/', { signal: caller.signal })
    caller.abort()
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' })
  })

  it.each(['no-such', 'slow', 'slow:', 'slow:-1', 'slow:1s', 'not-found', 'not-found:', 'slow:MS'])(
    '%s is not known, and refused with the names that are',
    async (fault) => {
      const names =
        /unescaped-audience, wrong-key, certificate, .*detached, not-found:PATH, slow:MS/
      await expect(createMetadataEmulator({ faults: [fault] })).rejects.toThrow(names)
    },
  )
})
