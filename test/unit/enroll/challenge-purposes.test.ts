// What the challenges for one purpose have in common, and that what is kept of one purpose is never given for another.

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { audienceName } from '../../../src/base/wire/audience-name.ts'
import { createPurposes } from '../../../src/enroll/challenge-purposes.ts'
import { NODE_CRYPTO } from '../../../src/node/node-crypto.ts'

const ISSUER = 'https://rollcall.example'
const SECRET = Uint8Array.from({ length: 24 }, (_, i) => 0x80 + i)

/** What the contract says a MAC is over. */
const macInput = (role: string, jkt: string): Buffer =>
  Buffer.concat(
    [
      'rollcall-challenge-v1',
      ISSUER,
      SECRET.subarray(0, 4),
      SECRET.subarray(4, 10),
      role,
      jkt,
    ].flatMap((part) => {
      const bytes = Buffer.from(part as Buffer)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    }),
  )

/** Prepares purposes, and counts the hashes. */
const counting = () => {
  let hashes = 0
  const { prepare } = createPurposes(ISSUER, (message) => {
    hashes++
    return NODE_CRYPTO.sha256(message)
  })
  return { prepare, hashes: () => hashes }
}

describe('createPurposes()', () => {
  it.each([
    ['nothing', undefined, undefined],
    ['a role', 'worker', undefined],
    ['a key', undefined, 'k'.repeat(43)],
    ['a role and a key', 'worker', 'k'.repeat(43)],
  ])('gives the first half and the bytes of the MAC, twice alike, for %s', (_, role, jkt) => {
    const { prepare } = counting()
    for (let i = 0; i < 2; i++) {
      const prepared = prepare({ role, jkt })
      expect(prepared.name).toBe(audienceName(ISSUER, { role, jkt }))
      expect(Buffer.from(prepared.macInput(SECRET))).toEqual(macInput(role ?? '', jkt ?? ''))
    }
  })

  it('gives bytes of their own for each MAC', () => {
    const { macInput: make } = counting().prepare({ role: 'worker' })
    const first = make(SECRET)
    const kept = Uint8Array.from(first)
    make(new Uint8Array(24))
    expect(first).toEqual(kept)
  })

  it('hashes once for a role, and each time for a key', () => {
    const { prepare, hashes } = counting()
    for (let i = 0; i < 3; i++) prepare({ role: 'worker' })
    expect(hashes()).toBe(1)
    for (let i = 0; i < 3; i++) prepare({ role: 'worker', jkt: 'k' })
    expect(hashes()).toBe(4)
    for (const purpose of [{ role: '' }, {}, { jkt: '' }]) prepare(purpose)
    expect(hashes()).toBe(5)
  })

  it('keeps no more than 64 roles, whatever is sent, and gives each its own', () => {
    const { prepare, hashes } = counting()
    const roles = Array.from({ length: 1000 }, (_, i) => `role-${i}`)
    for (const role of roles) {
      const text = `rollcall-audience-v1\n${ISSUER}\n${role}\n\n`
      const hash = createHash('sha256').update(text).digest().subarray(0, 24)
      expect(prepare({ role }).name).toBe(hash.toString('base64url'))
    }
    expect(hashes()).toBe(1000)
    // The first ones were given up.
    prepare({ role: 'role-0' })
    expect(hashes()).toBe(1001)
  })
})
