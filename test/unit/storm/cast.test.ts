import { expect, it } from 'vitest'
import { parsePolicy } from '../../../src/policy/policy.ts'
import { drawCast, stormPolicy } from '../../storm/cast.ts'
import { DISHONEST_KINDS } from '../../storm/dishonest.ts'

const options = {
  instances: 400,
  seconds: 10,
  services: 1,
  seed: 3,
  faults: [],
  dishonestPercent: 40,
  lostPercent: 0,
}

it('drawCast() draws the same instances for the same seed, and others for another', async () => {
  const [first, again, other] = await Promise.all([
    drawCast(options),
    drawCast(options),
    drawCast({ ...options, seed: 4 }),
  ])
  expect(again).toEqual(first)
  expect(other).not.toEqual(first)
})

it('drawCast() draws every kind, in the order of their start, no instance twice', async () => {
  const cast = await drawCast(options)
  expect(cast).toHaveLength(options.instances)
  const kinds = new Set(cast.map(({ kind }) => kind))
  expect([...kinds].toSorted()).toEqual(['honest', ...DISHONEST_KINDS].toSorted())
  const starts = cast.map(({ startSeconds }) => startSeconds)
  expect(starts).toEqual(starts.toSorted((a, b) => a - b))
  expect(starts.at(-1)).toBeLessThan(options.seconds)
  expect(new Set(cast.map(({ instanceId }) => instanceId)).size).toBe(options.instances)
})

it.each([false, true])('stormPolicy(%s) is one that the service accepts', (open) => {
  expect(() => parsePolicy(stormPolicy(open))).not.toThrow()
})
