// The emulator's `fetch` in place of the platform's, as a test of somebody else's code puts it in.

import { beforeAll, describe, expect, it } from 'vitest'
import { type MetadataEmulator } from '../../../src/emulator/index.ts'
import { createMetadataClient } from '../../../src/metadata/index.ts'
import { parseTrustAnchors, verifyInstanceIdentity } from '../../../src/index.ts'
import { createTestEmulator } from '../../support/test-emulator.ts'

const ORIGIN = 'http://100.100.100.200'
const ITEM = `${ORIGIN}/latest/meta-data/instance-id`
const TOKEN = `${ORIGIN}/latest/api/token`
const PUT = { method: 'PUT', headers: { 'X-aliyun-ecs-metadata-token-ttl-seconds': '60' } }

let emulator: MetadataEmulator
let instanceId: string | undefined
beforeAll(async () => {
  emulator = await createTestEmulator({ hardenedOnly: true })
  instanceId = emulator.instances[0]?.instanceId
})

describe("the emulator's fetch()", () => {
  it('is what createMetadataClient() takes', async () => {
    const client = createMetadataClient({ fetch: emulator.fetch })
    expect(await client.items.instanceId()).toBe(instanceId)
    const trustAnchors = await parseTrustAnchors(emulator.certificatePem)
    const evidence = await client.evidence({ audience: 'nonce' })
    const identity = await verifyInstanceIdentity(evidence, { audience: 'nonce', trustAnchors })
    expect(identity).toMatchObject({ instanceId })
  })

  it('takes the place of the global fetch()', () => {
    const stand: typeof fetch = emulator.fetch
    expect(stand).toBe(emulator.fetch)
  })

  const FORMS: readonly (readonly [
    string,
    (url: string, init?: RequestInit) => Promise<Response>,
  ])[] = [
    ['a string', (url, init) => emulator.fetch(url, init)],
    ['a URL', (url, init) => emulator.fetch(new URL(url), init)],
    ['a Request', (url, init) => emulator.fetch(new Request(url, init))],
    ['a Request and what changes it', (url, init) => emulator.fetch(new Request(url), init)],
  ]
  it.each(FORMS)('takes %s, with method and headers', async (_, fetch) => {
    expect((await fetch(ITEM)).status).toBe(403)
    const token = await (await fetch(TOKEN, PUT)).text()
    const answer = await fetch(ITEM, { headers: { 'X-aliyun-ecs-metadata-token': token } })
    expect(await answer.text()).toBe(instanceId)
  })

  it.each(['/latest/meta-data/instance-id', 'latest', ''])(
    'rejects with a TypeError that shows the URL if it is not absolute: %j',
    async (url) => {
      const answer = emulator.fetch(url)
      await expect(answer).rejects.toThrow(TypeError)
      await expect(answer).rejects.toThrow(`expected an absolute URL`)
      await expect(answer).rejects.toThrow(JSON.stringify(url))
    },
  )

  it('rejects as the platform does when the signal is aborted, before or meanwhile', async () => {
    const aborted = emulator.fetch(ITEM, { signal: AbortSignal.abort() })
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
    const slow = await createTestEmulator({ faults: ['slow:60000'] })
    const late = slow.fetch(ITEM, { signal: AbortSignal.timeout(50) })
    await expect(late).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it('lets the time limit of the client end a slow answer', async () => {
    const slow = await createTestEmulator({ faults: ['slow:60000'] })
    const client = createMetadataClient({ fetch: slow.fetch, timeoutSeconds: 0.05, attempts: 1 })
    await expect(client.items.instanceId()).rejects.toMatchObject({ code: 'unreachable' })
  })
})
