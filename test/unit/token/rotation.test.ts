// The steps of a rotation, as a table: what comes next of each set, what the set is then, and when.

import { describe, expect, it } from 'vitest'
import { accept, refuse } from '../../../src/base/result.ts'
import {
  ROTATION_STEPS,
  type RotatedKey,
  type RotationStep,
  nextAfter,
  planRotation,
  rotated,
} from '../../../src/token/rotation.ts'

const NOW = 1_000_000
const STAGED_SECONDS = 600
const RETIRED_SECONDS = 3600 + 600

const key = (kid: string): RotatedKey => ({ kty: 'EC', kid })
const staged = (kid: string, since = NOW): RotatedKey => ({
  ...key(kid),
  rotation: { state: 'staged', since },
})
const retired = (kid: string, since = NOW): RotatedKey => ({
  ...key(kid),
  rotation: { state: 'retired', since },
})

describe('planRotation()', () => {
  it.each<[string, readonly RotatedKey[], object]>([
    ['one key', [key('a')], { step: 'stage', notBefore: 0 }],
    [
      'a staged key',
      [key('a'), staged('b')],
      { step: 'promote', key: staged('b'), notBefore: NOW + STAGED_SECONDS },
    ],
    [
      'a retired key',
      [key('a'), retired('b')],
      { step: 'remove', key: retired('b'), notBefore: NOW + RETIRED_SECONDS },
    ],
    [
      'a retired and a staged key',
      [key('a'), retired('b'), staged('c')],
      { step: 'promote', key: staged('c'), notBefore: NOW + STAGED_SECONDS },
    ],
    [
      'two retired keys, the first of which goes first',
      [key('a'), retired('b', 5), retired('c', 6)],
      { step: 'remove', key: retired('b', 5), notBefore: 5 + RETIRED_SECONDS },
    ],
  ])('says what comes next of %s, also when it is asked for by name', (_, keys, plan) => {
    expect(planRotation(keys)).toEqual(accept(plan))
    const { step } = plan as { step: RotationStep }
    expect(planRotation(keys, step)).toEqual(accept(plan))
    for (const other of ROTATION_STEPS.filter((each) => each !== step)) {
      const message = `the next step is to ${step}, not to ${other}; nothing was changed`
      expect(planRotation(keys, other)).toEqual(refuse(message))
    }
  })

  it.each<[string, RotatedKey]>([
    ['no mark', key('b')],
    ['a mark of another state', { ...key('b'), rotation: { state: 'old', since: 1 } as never }],
    ['a mark without a time', { ...key('b'), rotation: { state: 'staged' } as never }],
    [
      'a mark whose time is a text',
      { ...key('b'), rotation: { state: 'staged', since: '1' } as never },
    ],
    ['a mark whose time is no whole second', staged('b', 1.5)],
    ['null for a mark', { ...key('b'), rotation: null as never }],
  ])('asks what a second key is that has %s, and takes the answer', (_, second) => {
    const keys = [key('a'), second]
    expect(planRotation(keys)).toEqual(refuse(expect.stringMatching(/say what to do with --step$/)))
    expect(planRotation(keys, 'stage')).toEqual(accept({ step: 'stage', notBefore: 0 }))
    for (const step of ['promote', 'remove'] as const) {
      expect(planRotation(keys, step)).toEqual(accept({ step, key: second, notBefore: 0 }))
    }
  })

  it('does not guess which of several keys without a mark is meant', () => {
    const keys = [key('a'), key('b'), staged('c')]
    for (const step of ['promote', 'remove'] as const) {
      expect(planRotation(keys, step)).toEqual(
        refuse(expect.stringContaining('edit the file by hand')),
      )
    }
    expect(planRotation(keys, 'stage')).toMatchObject({ ok: true })
  })

  it('refuses a set whose first key has a mark, whatever is wanted', () => {
    for (const wanted of [undefined, ...ROTATION_STEPS]) {
      const plan = planRotation([retired('a'), key('b')], wanted)
      expect(plan).toEqual(refuse(expect.stringMatching(/^the first key signs, but its mark/)))
    }
  })
})

/** The set after the step that comes next. */
const step = (
  keys: readonly RotatedKey[],
  now: number,
  made = key('new'),
): readonly RotatedKey[] => {
  const plan = planRotation(keys)
  if (!plan.ok) throw new Error(plan.refusal)
  return rotated(keys, plan.value, made, now)
}

describe('rotated()', () => {
  it('stages, promotes and removes, and the set is as it was, with the new key', () => {
    const first = [key('a')]
    const second = step(first, NOW, key('b'))
    expect(second).toEqual([key('a'), staged('b')])
    const third = step(second, NOW + 600)
    expect(third).toEqual([key('b'), retired('a', NOW + 600)])
    expect(step(third, NOW + 9000)).toEqual([key('b')])
  })

  it('keeps every other key where it is', () => {
    const keys = [key('a'), retired('b'), staged('c'), retired('d')]
    expect(step(keys, NOW + 1)).toEqual([
      key('c'),
      retired('a', NOW + 1),
      retired('b'),
      retired('d'),
    ])
    expect(step([key('a'), retired('b'), retired('d')], NOW)).toEqual([key('a'), retired('d')])
  })

  it('changes no key of the set that it was given', () => {
    const keys = [key('a'), staged('b')]
    const before = structuredClone(keys)
    step(keys, NOW)
    expect(keys).toEqual(before)
  })
})

describe('nextAfter()', () => {
  it.each<[RotationStep, object | undefined]>([
    ['stage', { step: 'promote', notBefore: NOW + STAGED_SECONDS }],
    ['promote', { step: 'remove', notBefore: NOW + RETIRED_SECONDS }],
    ['remove', undefined],
  ])('says of %s: %j', (done, next) => {
    expect(nextAfter(done, NOW)).toEqual(next)
  })

  it('agrees with the plan of the set that the step gives', () => {
    let keys: readonly RotatedKey[] = [key('a')]
    for (const done of ['stage', 'promote'] as const) {
      keys = step(keys, NOW)
      expect(planRotation(keys)).toMatchObject({ value: nextAfter(done, NOW) })
    }
  })
})
