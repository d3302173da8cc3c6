// Values that are made when they are first needed.

import { describe, expect, it } from 'vitest'
import { lazily, lazilyJudged } from '../../../src/base/lazily.ts'
import { accept, refuse } from '../../../src/base/result.ts'

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

  it('does not keep a rejection: the next call tries again, and what was made then is kept', async () => {
    let calls = 0
    const get = lazily(async () => {
      if (calls++ === 0) throw new Error('refused')
      return calls
    })
    await expect(get()).rejects.toThrow('refused')
    expect(await get()).toBe(2)
    expect(get()).toBe(2)
  })

  it('makes one attempt for 100 calls at a time, also if each calls again when it fails', async () => {
    let calls = 0
    let isDown = true
    const get = lazily(async () => {
      calls++
      await Promise.resolve()
      if (isDown) throw new Error('refused')
      return 'made'
    })
    const once = async (): Promise<string> => get()
    const twice = async (): Promise<string> => once().catch(once)
    const hundred = <Value>(make: () => Value): readonly Value[] =>
      Array.from({ length: 100 }, make)

    const failed = await Promise.allSettled(hundred(twice))
    expect(new Set(failed.map(({ status }) => status))).toEqual(new Set(['rejected']))
    expect(calls).toBe(2)
    isDown = false
    expect(new Set(await Promise.all(hundred(once)))).toEqual(new Set(['made']))
    expect(calls).toBe(3)
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

describe('lazilyJudged()', () => {
  it('gives the value itself once it is there', async () => {
    let calls = 0
    const get = lazilyJudged(async () => accept(++calls))
    expect(await get()).toBe(1)
    expect(get()).toBe(1)
  })

  it('keeps a refusal: each call rejects with it, and none makes the value again', async () => {
    let calls = 0
    const get = lazilyJudged(async () => refuse(new Error(`refused ${++calls}`)))
    for (let i = 0; i < 3; i++) await expect(get()).rejects.toThrow('refused 1')
    expect(calls).toBe(1)
  })

  it('tries again after what was thrown', async () => {
    let calls = 0
    const get = lazilyJudged(async () => {
      if (calls++ === 0) throw new Error('busy')
      return accept('made')
    })
    await expect(get()).rejects.toThrow('busy')
    expect(await get()).toBe('made')
  })
})
