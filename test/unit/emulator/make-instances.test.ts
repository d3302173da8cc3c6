// The instances of an emulator: what is their own, and what a seed determines.

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { readIdentityDocument } from '../../../src/codec/identity-document.ts'
import type { EmulatedInstance } from '../../../src/emulator/emulated-instance.ts'
import { makeInstances } from '../../../src/emulator/make-instances.ts'

const COUNT = 500
const make = (seed: string, count = COUNT, accounts = count): Promise<EmulatedInstance[]> =>
  makeInstances({ seed, instances: count, accounts, allItems: false })

/** Real ones, of which there are few: instances share them. */
const SHARED = new Set(['zone-id', 'region-id', 'instance-type'])

const ownValues = ({ document, ...rest }: EmulatedInstance): string[] => [
  ...Object.values(rest)
    .filter((value) => typeof value === 'string')
    .filter((value) => !value.includes('/')),
  ...Object.entries(document).flatMap(([name, value]) => (SHARED.has(name) ? [] : [value])),
]

describe('makeInstances()', () => {
  it('gives no value of an instance to another one', async () => {
    const instances = await make('fleet')
    const values = instances.flatMap((instance) => Array.from(new Set(ownValues(instance))))
    expect(new Set(values).size).toBe(values.length)
    expect(values.length).toBe(COUNT * 10)
  })

  it('draws again when an address is taken', async () => {
    // So many that by chance alone some of 24 bits would be the same.
    const documents = (await make('crowd', 10_000, 1)).map(({ document }) => document)
    for (const field of ['mac', 'private-ipv4']) {
      expect(new Set(documents.map((document) => document[field])).size, field).toBe(10_000)
    }
  })

  it('gives no value to two seeds', async () => {
    const first = new Set((await make('fleet')).flatMap(ownValues))
    const second = (await make('fleet 2')).flatMap(ownValues)
    expect(second.filter((value) => first.has(value))).toEqual([])
  })

  it('spreads instances over regions, zones and types', async () => {
    const instances = await make('fleet')
    for (const field of SHARED) {
      const values = new Set(instances.map(({ document }) => document[field]))
      expect(values.size, field).toBeGreaterThan(20)
    }
  })

  it('makes the same instances from the same seed, however many', async () => {
    const instances = await make('again', 20)
    expect(await make('again', 20)).toEqual(instances)
    expect(await make('again', 5)).toEqual(instances.slice(0, 5))
    expect(await make('', 1)).not.toEqual(instances.slice(0, 1))
  })

  it('shares the accounts out in turn', async () => {
    const owners = (await make('fleet', 5, 2)).map(({ ownerAccountId }) => ownerAccountId)
    expect(owners).toEqual([owners[0], owners[1], owners[0], owners[1], owners[0]])
    expect(new Set(owners).size).toBe(2)
  })

  it('makes documents in the form and order of ECS', async () => {
    for (const { document, ...instance } of await make('fleet')) {
      expect(Object.keys(document).join()).toBe(
        'zone-id,serial-number,instance-id,region-id,private-ipv4,owner-account-id,mac,image-id,instance-type',
      )
      const read = readIdentityDocument(utf8(JSON.stringify(document)))
      expect(read).toMatchObject({
        instanceId: instance.instanceId,
        ownerAccountId: instance.ownerAccountId,
        mac: expect.stringMatching(/^00:16:3e:/),
      })
      expect(read.instanceId).toMatch(/^i-bp1[0-9a-z]{17}$/)
      expect(read.ownerAccountId).toMatch(/^1[0-9]{15}$/)
      expect(read.zoneId.startsWith(read.regionId)).toBe(true)
      expect(instance.hostname).toBe(`iZ${read.instanceId.slice(2)}Z`)
    }
  })
})
