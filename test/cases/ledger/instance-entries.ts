// Entries of instances as enrollments leave them behind, any number, the same in every run. Imports
// nothing that a runtime of the drivers doesn't have.

import { encodeRecords, instanceKey } from '../../../src/registry/instance-record.ts'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'
const FIRST_AT = 1_767_225_600

/** Characters that look random, from a seed (a linear congruential generator, high bits). */
const characters = (seed: number, length: number, alphabet = LETTERS): string => {
  let state = seed >>> 0
  let text = ''
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    text += alphabet.charAt(Math.floor((state / 2 ** 32) * alphabet.length))
  }
  return text
}

/** The entry of instance number `i`: enrolled twice, with a key. */
export const instanceEntry = (i: number): { readonly key: string; readonly value: string } => {
  // Unlike for unlike numbers, and spread, as the cloud's own are.
  const unique = i.toString(36).padStart(5, '0')
  const hex = (length: number): string => characters(i + 7, length, '0123456789abcdef')
  const firstAt = FIRST_AT + i
  return {
    key: instanceKey({
      ownerAccountId: '1609123456789012',
      regionId: 'cn-hangzhou',
      instanceId: `i-bp1${characters(i * 2_654_435_761, 12)}${unique}`,
    }),
    value: encodeRecords([
      {
        serialNumber: [hex(8), hex(4), hex(4), hex(4), hex(12)].join('-'),
        generation: 0,
        count: 2,
        firstAt,
        lastAt: firstAt + 86_400,
        revokedUntil: 0,
        resetAt: 0,
        role: 'worker',
        imageId: 'aliyun_3_x64_20G_alibase_20250117.vhd',
        privateIpv4: '10.0.0.1',
        jkt: characters(i + 11, 43),
        jti: characters(i + 13, 22),
      },
    ]),
  }
}
