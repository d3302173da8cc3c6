// Private keys of clients: what is taken, what is refused and why, and the instance that a key is for.

import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/base/errors.ts'
import {
  createDpopKey,
  enrollInstance,
  markPrivateKey,
  parsePrivateKey,
  requireKeyOf,
} from '../../../src/client/index.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { generateInstanceKey } from '../../support/instance-key.ts'
import { ISSUER, ROLE, createClientService } from '../../support/client-service.ts'

const HERE = { instanceId: 'i-bp1here', serialNumber: '4acd2b47-b328-4762-852f-000000000001' }
const THERE = { instanceId: 'i-bp1there', serialNumber: '4acd2b47-b328-4762-852f-000000000002' }

const jwk = async (more: object = {}): Promise<object> => ({
  ...(await generateInstanceKey()).keys[0],
  ...more,
})

const problemOf = (json: unknown): Promise<string> =>
  parsePrivateKey(json).then(
    () => 'none',
    (error: unknown) => {
      expect(error).toBeInstanceOf(ConfigurationError)
      return (error as ConfigurationError).problems.join('\n')
    },
  )

describe('parsePrivateKey()', () => {
  it('takes a JWK and a JWKS with one key, as text and parsed', async () => {
    const key = await jwk()
    const { publicKey } = await parsePrivateKey(key)
    for (const json of [JSON.stringify(key), { keys: [key] }, JSON.stringify({ keys: [key] })]) {
      expect((await parsePrivateKey(json)).publicKey.thumbprint).toBe(publicKey.thumbprint)
    }
  })

  it.each<[string, unknown, RegExp]>([
    ['a word', 'hello', /^not JSON: expected a private JWK/],
    ['a member twice', '{"kty":"EC","kty":"EC"}', /^a member occurs twice$/],
    ['nothing', undefined, /^expected a private JWK/],
    ['a list', '[]', /^expected a private JWK/],
    ['an empty set', { keys: [] }, /^expected a private JWK/],
    ['a set of words', { keys: ['a'] }, /^expected a private JWK/],
  ])('says what it expects in place of %s, and names no command', async (_, json, message) => {
    const problem = await problemOf(json)
    expect(problem).toMatch(message)
    expect(problem).not.toMatch(/npm|rollcall/)
  })

  it('refuses a set of several keys, and keys of a rotation', async () => {
    expect(await problemOf({ keys: [await jwk(), await jwk()] })).toMatch(/^the set has 2 keys/)
    const rotated = await jwk({ rotation: { state: 'staged', since: 1 } })
    expect(await problemOf(rotated)).toMatch(/^"rotation" marks a signing key of a service/)
  })

  it.each([['with space'], [''], [7], [null]])('refuses the name %j', async (name) => {
    expect(await problemOf(await jwk({ name }))).toMatch(/^"name": expected 1 to 128 characters/)
  })

  it.each<[string, object]>([
    ['only an id', { instance_id: HERE.instanceId }],
    ['only a serial number', { serial_number: HERE.serialNumber }],
    ['an id of another form', { instance_id: 'x', serial_number: HERE.serialNumber }],
    ['a number', { instance_id: HERE.instanceId, serial_number: 7 }],
  ])('refuses a mark with %s', async (_, mark) => {
    expect(await problemOf(await jwk(mark))).toMatch(/^"instance_id" and "serial_number"/)
  })
})

describe('markPrivateKey()', () => {
  it.each(['use', 'kid', 'name', 'scope', 'audiences'])(
    'does not mark the key of a service, an operator or a relying party, which has "%s"',
    async (member) => {
      const { keys } = await generateSigningKeys('ES256')
      const [{ kid, use, alg: _, ...bare } = {}] = keys
      const members = { kid, use, name: 'alice', scope: ['read'], audiences: ['app'] }
      const text = JSON.stringify({ ...bare, [member]: members[member as 'use'] })
      const problem = `the key of a service, an operator or a relying party (it has "${member}")`
      expect(() => markPrivateKey(text, HERE)).toThrow(problem)
      expect((await parsePrivateKey(text)).otherMember).toBe(member)
    },
  )

  it('adds the instance, and leaves every other member as it was', async () => {
    const key = await jwk({ note: 'mine' })
    const set = { keys: [key], note: 'of the set' }
    const mark = { instance_id: HERE.instanceId, serial_number: HERE.serialNumber }
    const marked = markPrivateKey(JSON.stringify(set), HERE)
    expect(JSON.parse(marked)).toEqual({ ...set, keys: [{ ...key, ...mark }] })
    expect((await parsePrivateKey(marked)).instance).toEqual(HERE)
    expect(JSON.parse(markPrivateKey(JSON.stringify(key), HERE))).toEqual({ ...key, ...mark })
  })
})

describe('requireKeyOf()', () => {
  it('refuses another instance, and the same id with another serial number', () => {
    expect(() => requireKeyOf({}, HERE)).not.toThrow()
    expect(() => requireKeyOf({ instance: HERE }, { ...HERE })).not.toThrow()
    expect(() => requireKeyOf({ instance: THERE }, HERE)).toThrow(
      'the key was made for instance i-bp1there, and this is i-bp1here',
    )
    const renumbered = { ...HERE, serialNumber: THERE.serialNumber }
    expect(() => requireKeyOf({ instance: renumbered }, HERE)).toThrow(
      /with serial number \S+2, and this is i-bp1here with serial number \S+1/,
    )
  })
})

describe('enrollInstance(), with the key of an instance', () => {
  const enroll = async (instance?: typeof HERE, document?: string) => {
    const service = await createClientService({ role: { binding: 'dpop' } })
    const text = JSON.stringify(await jwk())
    const key = await parsePrivateKey(
      instance === undefined ? text : markPrivateKey(text, instance),
    )
    if (document !== undefined) {
      service.replyMetadata = (request) =>
        request.url.endsWith('/document') ? new Response(document) : undefined
    }
    const { reach, metadata } = service
    const dpopKey = createDpopKey(key)
    const end = enrollInstance({ issuer: ISSUER, role: ROLE, dpopKey, metadata, ...reach })
    return { service, end }
  }
  const here = async (): Promise<typeof HERE> => {
    const { metadata } = await createClientService()
    const document = JSON.parse(await metadata.identityDocument()) as Record<string, string>
    return {
      instanceId: document['instance-id'] ?? '',
      serialNumber: document['serial-number'] ?? '',
    }
  }

  it('enrolls the instance that the key was made for', async () => {
    await expect((await enroll(await here())).end).resolves.toMatchObject({ tokenType: 'DPoP' })
    await expect((await enroll()).end).resolves.toMatchObject({ tokenType: 'DPoP' })
  })

  it('refuses another instance before it asks the service for anything', async () => {
    const { service, end } = await enroll(THERE)
    await expect(end).rejects.toMatchObject({ code: 'key_of_another_instance' })
    expect(service.requests).toEqual([])
  })

  it('refuses where the document does not say which instance this is', async () => {
    const { service, end } = await enroll(await here(), 'no document')
    await expect(end).rejects.toMatchObject({ code: 'metadata_failed' })
    expect(service.requests).toEqual([])
  })
})
