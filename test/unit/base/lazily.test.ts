// Values that are made when they are first needed.

import { describe, expect, it } from 'vitest'
import { lazily } from '../../../src/base/lazily.ts'

describe('lazily()', () => {
  it('makes nothing before the first call, and one value for all calls', () => {
    let made = 0
    const get = lazily(() => ++made)
    expect(made).toBe(0)
    expect([get(), get()]).toEqual([1, 1])
  })

  it('keeps a value of undefined', () => {
    let calls = 0
    const get = lazily(() => void calls++)
    get()
    get()
    expect(calls).toBe(1)
  })

  it('gives one promise to all who wait, and the value itself once it is there', async () => {
    let made = 0
    const get = lazily(async () => ++made)
    const first = get()
    expect(get()).toBe(first)
    expect(await first).toBe(1)
    expect(get()).toBe(1)
  })

  it('keeps a rejection: what failed once is not tried again', async () => {
    let calls = 0
    const get = lazily(async () => {
      calls++
      throw new Error('refused')
    })
    await expect(get()).rejects.toThrow('refused')
    await expect(get()).rejects.toThrow('refused')
    expect(calls).toBe(1)
  })

  it('does not keep what is thrown: the next call tries again', () => {
    let calls = 0
    const get = lazily(() => {
      if (calls++ === 0) throw new Error('refused')
      return 'made'
    })
    expect(get).toThrow('refused')
    expect(get()).toBe('made')
  })
})
