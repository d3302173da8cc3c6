import { describe, expect, it } from 'vitest'
import { type Result, accept, refuse } from '../../../src/base/result.ts'

const half = (number: number): Result<number, 'odd'> =>
  number % 2 === 0 ? accept(number / 2) : refuse('odd')

describe('a result', () => {
  it('has the value of an accepted step', () => {
    expect(half(4)).toStrictEqual({ ok: true, value: 2 })
  })

  it('has the refusal of a refused step, and no value', () => {
    expect(half(3)).toStrictEqual({ ok: false, refusal: 'odd' })
  })

  it('tells an accepted value from a refusal also where the value is undefined', () => {
    expect(accept(undefined).ok).toBe(true)
    expect(refuse(undefined).ok).toBe(false)
  })
})
