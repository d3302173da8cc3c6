// The first-use rules as a table: each rule over each record that there can be.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accept, refuse } from '../../../src/base/result.ts'
import { type Candidate, applyFirstUse, checkRecord } from '../../../src/enroll/first-use.ts'
import { type InstanceRecord, unknownInstance } from '../../../src/registry/instance-record.ts'
import { resetRecord, revokeRecord } from '../../../src/registry/instances.ts'
import type { Reenrollment } from '../../../src/policy/policy.ts'

const RULES: readonly Reenrollment[] = ['always', 'same_key', 'new_image', 'never']
const NOW = 1_000

/** An instance that nobody has seen. */
const NEW = unknownInstance('serial')
/** One that enrolled once, with a key and an image. */
const ENROLLED: InstanceRecord = {
  ...NEW,
  count: 1,
  firstAt: 900,
  lastAt: 900,
  role: 'before',
  imageId: 'image-a',
  privateIpv4: '10.0.0.1',
  jkt: 'key-a',
  jti: 'first',
}
/** The same, after an operator has reset it. */
const RESET: InstanceRecord = { ...ENROLLED, generation: 1, jkt: undefined, jti: undefined }

interface CandidateChanges {
  readonly imageId?: string
  readonly jkt?: string | undefined
  readonly madeAt?: number
  readonly spent?: Partial<Candidate['spent']>
}

/** An enrollment that began with a record as it stands. */
const candidateFor = (
  record: InstanceRecord,
  reenrollment: Reenrollment,
  { imageId = 'image-a', spent = {}, ...more }: CandidateChanges = {},
): Candidate => ({
  role: { name: 'now', reenrollment },
  imageId,
  privateIpv4: '10.0.0.2',
  jti: spent.jti ?? 'second',
  jkt: 'jkt' in more ? more.jkt : 'key-a',
  madeAt: more.madeAt ?? NOW,
  spent: {
    jti: 'second',
    issuedAt: NOW,
    generation: record.generation,
    count: record.count,
    retry: false,
    ...spent,
  },
  now: NOW,
})

/** The record that an enrollment leaves. */
const recordAfter = (record: InstanceRecord, candidate: Candidate): InstanceRecord => {
  const use = applyFirstUse(record, candidate)
  if (!use.ok) throw new Error(use.refusal)
  return use.value
}

describe('applyFirstUse()', () => {
  it.each(RULES)('lets an instance in that is new, under %s', (rule) => {
    expect(recordAfter(NEW, candidateFor(NEW, rule))).toEqual({
      serialNumber: 'serial',
      generation: 0,
      count: 1,
      firstAt: NOW,
      lastAt: NOW,
      revokedUntil: 0,
      resetAt: 0,
      role: 'now',
      imageId: 'image-a',
      privateIpv4: '10.0.0.2',
      jkt: 'key-a',
      jti: 'second',
    })
  })

  it.each(RULES)(
    'refuses a challenge made before the reset or in its second, though never spent, under %s',
    (rule) => {
      const reset = { ...RESET, resetAt: NOW - 10 }
      for (const madeAt of [NOW - 11, NOW - 10]) {
        const before = candidateFor(reset, rule, { madeAt })
        expect(checkRecord(reset, before)).toEqual(refuse('challenge_before_reset'))
        expect(applyFirstUse(reset, before)).toEqual(refuse('challenge_before_reset'))
      }
      const after = candidateFor(reset, rule, { madeAt: NOW - 9 })
      expect(recordAfter(reset, after)).toMatchObject({ jti: 'second' })
    },
  )

  it.each(RULES)('lets an instance in that was reset, with any key and image, under %s', (rule) => {
    const candidate = candidateFor(RESET, rule, { jkt: 'key-b', imageId: 'image-b' })
    expect(recordAfter(RESET, candidate)).toEqual({
      ...RESET,
      count: 2,
      lastAt: NOW,
      role: 'now',
      imageId: 'image-b',
      privateIpv4: '10.0.0.2',
      jkt: 'key-b',
      jti: 'second',
    })
  })

  it.each<[Reenrollment, string, CandidateChanges, string | undefined]>([
    ['never', 'the same key and image', {}, 'already_enrolled'],
    ['never', 'another key and image', { jkt: 'key-b', imageId: 'image-b' }, 'already_enrolled'],
    ['never', 'no key', { jkt: undefined }, 'already_enrolled'],
    ['same_key', 'the same key', {}, undefined],
    ['same_key', 'the same key and another image', { imageId: 'image-b' }, undefined],
    ['same_key', 'another key', { jkt: 'key-b' }, 'key_not_the_first'],
    ['same_key', 'no key', { jkt: undefined }, 'key_not_the_first'],
    ['new_image', 'the same image', { jkt: 'key-b' }, 'image_not_new'],
    ['new_image', 'another image', { imageId: 'image-b' }, undefined],
    ['new_image', 'another image and no key', { imageId: 'image-b', jkt: undefined }, undefined],
    ['always', 'the same key and image', {}, undefined],
    ['always', 'another key', { jkt: 'key-b' }, undefined],
    ['always', 'no key', { jkt: undefined }, undefined],
  ])('says of a second enrollment under %s, with %s,', (rule, _, changes, refusal) => {
    const candidate = candidateFor(ENROLLED, rule, changes)
    const use = applyFirstUse(ENROLLED, candidate)
    if (refusal !== undefined) {
      expect(use).toEqual(refuse(refusal))
      return
    }
    // The key of the first enrollment stays, also where the image is new.
    const { imageId, privateIpv4 } = candidate
    const latest = { lastAt: NOW, role: 'now', imageId, privateIpv4, jti: 'second' }
    expect(use).toEqual(accept({ ...ENROLLED, count: 2, ...latest }))
  })

  it.each<[Reenrollment, CandidateChanges, string | undefined]>([
    ['never', {}, 'already_enrolled'],
    ['same_key', { jkt: 'key-b' }, 'key_not_the_first'],
    ['same_key', {}, undefined],
    ['new_image', {}, 'image_not_new'],
    ['new_image', { imageId: 'image-b' }, undefined],
    ['always', { jkt: 'key-b' }, undefined],
  ])('knows by the record alone what it refuses under %s, %j', (rule, changes, refusal) => {
    expect(checkRecord(ENROLLED, candidateFor(ENROLLED, rule, changes))).toEqual(
      refusal === undefined ? accept(ENROLLED) : refuse(refusal),
    )
    const retry = candidateFor(ENROLLED, rule, { ...changes, spent: { jti: 'first' } })
    expect(checkRecord(ENROLLED, retry)).toEqual(accept(ENROLLED))
    expect(checkRecord(RESET, candidateFor(RESET, rule, changes))).toEqual(accept(RESET))
  })

  it('keeps the key of a same_key role through an enrollment under new_image', () => {
    const other = candidateFor(ENROLLED, 'new_image', { imageId: 'image-b', jkt: 'key-b' })
    const between = recordAfter(ENROLLED, other)
    const changes = { imageId: 'image-b', spent: { jti: 'third' } }
    const stranger = candidateFor(between, 'same_key', { ...changes, jkt: 'key-b' })
    expect(applyFirstUse(between, stranger)).toEqual(refuse('key_not_the_first'))
    const node = candidateFor(between, 'same_key', { ...changes, jkt: 'key-a' })
    expect(recordAfter(between, node)).toMatchObject({ jkt: 'key-a', count: 3 })
  })

  it.each(RULES)('takes its own retry for what it is, and stores nothing, under %s', (rule) => {
    const spent = { jti: 'first', issuedAt: 900, count: 0, retry: true }
    expect(recordAfter(ENROLLED, candidateFor(ENROLLED, rule, { spent }))).toBe(ENROLLED)
  })

  it.each<[Reenrollment, string | undefined]>([
    ['never', 'already_enrolled'],
    ['same_key', undefined],
    ['new_image', 'image_not_new'],
    ['always', undefined],
  ])('adds nothing for a retry after a later enrollment, under %s', (rule, refusal) => {
    const spent = { jti: 'zeroth', issuedAt: 800, count: 0, retry: true }
    const candidate = candidateFor(ENROLLED, rule, { spent, imageId: 'image-b' })
    if (refusal === undefined) expect(recordAfter(ENROLLED, candidate)).toBe(ENROLLED)
    else expect(applyFirstUse(ENROLLED, candidate)).toEqual(refuse(refusal))
  })

  it.each(RULES)('completes a retry whose first try stored nothing, under %s', (rule) => {
    const spent = { retry: true }
    expect(recordAfter(NEW, candidateFor(NEW, rule, { spent }))).toMatchObject({ count: 1 })
    if (rule === 'never') return
    const changes = rule === 'new_image' ? { imageId: 'image-b', spent } : { spent }
    expect(recordAfter(ENROLLED, candidateFor(ENROLLED, rule, changes))).toMatchObject({
      count: 2,
    })
  })

  it.each(RULES)('refuses what was spent before a reset, first try or retry, under %s', (rule) => {
    for (const record of [RESET, { ...RESET, jti: 'later', jkt: 'key-a' }]) {
      for (const retry of [false, true]) {
        for (const jti of ['first', 'second', 'later']) {
          const spent = { generation: 0, retry, jti }
          const candidate = candidateFor(record, rule, { spent, imageId: 'image-b' })
          expect(applyFirstUse(record, candidate)).toEqual(refuse('challenge_before_reset'))
        }
      }
    }
  })

  it.each(RULES)(
    'refuses what was spent until a revocation, also its own retry, under %s',
    (rule) => {
      const revoked = { ...ENROLLED, revokedUntil: 950 }
      for (const [jti, issuedAt] of [
        ['first', 900],
        ['first', 950],
        ['second', 950],
      ] as const) {
        const spent = { jti, issuedAt, retry: true }
        const candidate = candidateFor(revoked, rule, { spent, imageId: 'image-b' })
        expect(applyFirstUse(revoked, candidate)).toEqual(refuse('enrollment_revoked'))
      }
      const spent = { issuedAt: 951 }
      const fresh = candidateFor(revoked, rule, { spent, imageId: 'image-b' })
      expect(applyFirstUse(revoked, fresh).ok).toBe(rule !== 'never')
    },
  )

  it('keeps the latest time, by whichever clock', () => {
    const ahead = { ...ENROLLED, lastAt: NOW + 30 }
    expect(recordAfter(ahead, candidateFor(ahead, 'always'))).toMatchObject({ lastAt: NOW + 30 })
  })

  it.each([
    ['before anything else was recorded', NEW, 1],
    ['after a later enrollment', { ...ENROLLED, count: 2 }, 2],
  ])('keeps the time of a token that a clock ahead gave, retried %s', (_, record, count) => {
    const spent = { issuedAt: NOW + 30, count: 0, retry: true }
    const after = recordAfter(record, candidateFor(record, 'always', { spent }))
    expect(after).toMatchObject({ lastAt: NOW + 30, count })
    const { revokedUntil } = revokeRecord(after, NOW + 1)
    expect(revokedUntil).toBeGreaterThanOrEqual(NOW + 30)
  })

  it('gives one token in each generation under never, in every order of events', () => {
    const step = fc.oneof(
      fc.constant('reset' as const),
      fc.record({ evidence: fc.nat(5), role: fc.constantFrom(...RULES) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let record: InstanceRecord = NEW
        /** What each evidence was spent on, at its first try. */
        const spentOn = new Map<string, Candidate['spent']>()
        /** Tokens given under `never`, by the generation in which they were. */
        const given = new Map<number, Set<string>>()
        for (const each of steps) {
          if (each === 'reset') {
            if (record.count > 0) record = resetRecord(record, NOW)
            continue
          }
          const jti = `${each.role} ${each.evidence}`
          const before = spentOn.get(jti)
          const { generation, count } = record
          const spent = before
            ? { ...before, retry: true }
            : { jti, issuedAt: NOW, generation, count, retry: false }
          spentOn.set(jti, spent)
          const use = applyFirstUse(record, candidateFor(record, each.role, { spent }))
          if (!use.ok) continue
          expect(use.value.count).toBeGreaterThanOrEqual(record.count)
          record = use.value
          if (each.role !== 'never') continue
          const tokens = given.get(generation) ?? new Set()
          given.set(generation, tokens.add(jti))
        }
        for (const tokens of given.values()) expect(tokens.size).toBe(1)
      }),
      { numRuns: 2_000 },
    )
  })
})
