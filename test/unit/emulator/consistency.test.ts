// What an emulated instance says of itself agrees, whatever the seed and whatever is described.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listFolder } from '../../../src/emulator/folders.ts'
import { itemValues } from '../../../src/emulator/item-values.ts'
import type { InstanceDescription } from '../../../src/emulator/index.ts'
import { interfacePath } from '../../../src/metadata/item-paths.ts'
import { INTERFACE_ITEMS, ITEMS, type Item } from '../../../src/metadata/items.ts'
import type { EmulatedInstance } from '../../../src/emulator/emulated-instance.ts'
import { makeInstances } from '../../../src/emulator/make-instances.ts'

const MOMENT = { now: 1_800_000_000, startedAt: 1_800_000_000 }
/** What is made when it is asked for. */
const MADE: ReadonlySet<string> = new Set([ITEMS.identitySignature.path, ITEMS.everything.path])
const RUNS = { numRuns: 40 }

/** The same by integer arithmetic of the test's own. */
const toNumber = (address: string): number =>
  address.split('.').reduce((number, part) => number * 256 + Number(part), 0)
const isInside = (cidr: string, address: string): boolean => {
  const [base = '', prefix] = cidr.split('/')
  const size = 2 ** (32 - Number(prefix))
  return Math.floor(toNumber(base) / size) === Math.floor(toNumber(address) / size)
}

const octet = fc.integer({ min: 0, max: 255 })
const vswitch = fc.tuple(octet, octet, fc.integer({ min: 16, max: 28 })).map(([b, c, prefix]) => {
  const size = 2 ** (32 - prefix)
  const base = Math.floor(toNumber(`10.${b}.${c}.0`) / size) * size
  return `${[24, 16, 8, 0].map((shift) => (base >>> shift) & 255).join('.')}/${prefix}`
})
const description: fc.Arbitrary<InstanceDescription> = fc.record(
  {
    'vswitch-cidr-block': vswitch,
    'zone-id': fc.constantFrom('cn-hangzhou-h', 'ap-southeast-1a', 'us-west-1b'),
    'network-interfaces': fc.integer({ min: 1, max: 4 }),
    eipv4: fc.constant('47.96.1.2'),
    'ram-roles': fc.constant(['reader']),
    'user-data': fc.constant('#!/bin/sh\n'),
  },
  { requiredKeys: [] },
)

const eachInstance = (check: (answers: (path: string) => string, of: EmulatedInstance) => void) =>
  fc.assert(
    fc.asyncProperty(
      fc.string(),
      fc.array(description, { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      async (seed, instances, allItems) => {
        const made = await makeInstances({ seed, instances, accounts: 2, allItems })
        expect(made.length).toBe(instances.length)
        for (const instance of made) {
          const answers = itemValues(instance, MOMENT)
          check((path) => String(answers.get(path)), instance)
        }
      },
    ),
    RUNS,
  )

describe('itemValues()', () => {
  it('has the fields of the document as items', () =>
    eachInstance((answer) => {
      const document = JSON.parse(answer(ITEMS.identityDocument.path)) as Record<string, string>
      for (const [name, value] of Object.entries(document)) {
        const item = name === 'instance-type' ? 'instance/instance-type' : name
        expect(answer(`meta-data/${item}`), name).toBe(value)
      }
    }))

  it('has the first network interface for the instance itself', () =>
    eachInstance((answer, { networkInterfaces }) => {
      const folder = interfacePath(answer(ITEMS.mac.path))
      expect(answer(`${folder}/primary-ip-address`)).toBe(answer(ITEMS.privateIpv4.path))
      expect(networkInterfaces[0]?.mac).toBe(answer(ITEMS.mac.path))
      for (const name of ['vpc-id', 'vpc-cidr-block', 'vswitch-id', 'vswitch-cidr-block']) {
        expect(answer(`${folder}/${name}`)).toBe(answer(`meta-data/${name}`))
      }
    }))

  it('has every address and gateway inside the vSwitch, and the vSwitch inside the VPC', () =>
    eachInstance((answer, { networkInterfaces }) => {
      const vswitch = answer(ITEMS.vswitchCidrBlock.path)
      expect(isInside(answer(ITEMS.vpcCidrBlock.path), String(vswitch.split('/')[0]))).toBe(true)
      const addresses = networkInterfaces.map(({ mac }) => {
        const of = (name: string): string => answer(`${interfacePath(mac)}/${name}`)
        const address = of('primary-ip-address')
        expect(JSON.parse(of('private-ipv4s'))).toEqual([address])
        expect(isInside(vswitch, address), `${address} in ${vswitch}`).toBe(true)
        expect(isInside(vswitch, of('gateway'))).toBe(true)
        expect(of('gateway')).not.toBe(address)
        const ones = toNumber(of('netmask')).toString(2).replaceAll('0', '').length
        expect(ones).toBe(Number(vswitch.split('/')[1]))
        return address
      })
      expect(new Set(addresses).size).toBe(addresses.length)
    }))

  it('lists the MAC of each network interface, and every item that it has below it', () =>
    eachInstance((_, instance) => {
      const paths = [...itemValues(instance, MOMENT).keys()]
      const macs = instance.networkInterfaces.map(({ mac }) => mac)
      const folder = ITEMS.macs.path.slice(0, -1)
      expect(listFolder(paths, folder)?.split('\n')).toEqual(
        macs.map((mac) => `${mac}/`).toSorted(),
      )
      const items: readonly Item[] = Object.values(INTERFACE_ITEMS)
      const hasAll = instance.vswitchIpv6CidrBlock !== undefined
      const expected = items.filter(({ needs }) => hasAll || needs === undefined)
      for (const mac of macs) {
        expect(listFolder(paths, interfacePath(mac))?.split('\n')).toEqual(
          expected.map(({ path }) => path).toSorted(),
        )
      }
    }))

  it('has every item that is known with allItems', async () => {
    const [instance] = await makeInstances({
      seed: 'all',
      instances: 1,
      accounts: 1,
      allItems: true,
    })
    const paths = [...itemValues(instance as EmulatedInstance, MOMENT).keys()]
    for (const { path } of Object.values(ITEMS)) {
      if (MADE.has(path)) continue
      const isThere = paths.some(
        (one) => one === path || (path.endsWith('/') && one.startsWith(path)),
      )
      expect(isThere, path).toBe(true)
    }
  })

  it('lacks exactly what an instance needs something for, where nothing is described', async () => {
    const [instance] = await makeInstances({
      seed: 'no',
      instances: 1,
      accounts: 1,
      allItems: false,
    })
    const paths = [...itemValues(instance as EmulatedInstance, MOMENT).keys()]
    const missing = Object.values(ITEMS).filter(
      ({ path }) =>
        !paths.some((one) => one.startsWith(path)) && path !== ITEMS.identitySignature.path,
    )
    expect(missing).toEqual(Object.values(ITEMS).filter((item) => 'needs' in item))
  })
})
