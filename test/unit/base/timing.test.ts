// Limits, waits, back-off and bounded reads, without waiting for anything.

import { describe, expect, it } from 'vitest'
import {
  SYSTEM_TIMING,
  backoffSeconds,
  isTimeout,
  limited,
  readBytes,
  retryAfterSeconds,
  startTimer,
  waitBy,
  within,
} from '../../../src/base/timing.ts'
import { createTestTimers } from '../../support/timing.ts'

const never = new Promise<never>(() => undefined)

describe('startTimer()', () => {
  it('calls back later, and not once it was taken back', async () => {
    const due: string[] = []
    startTimer(0, () => due.push('taken back'))()
    const done = new Promise<void>((resolve) => {
      startTimer(0, () => {
        due.push('due')
        resolve()
      })
    })
    expect(due).toEqual([])
    await done
    expect(due).toEqual(['due'])
  })

  it('does not go off at once for a time that platforms overflow', async () => {
    let isDue = false
    const takeBack = startTimer(2 ** 40, () => (isDue = true))
    await SYSTEM_TIMING.wait(0.005)
    takeBack()
    expect(isDue).toBe(false)
  })
})

describe('waitBy()', () => {
  it('resolves when its timer goes off', async () => {
    const { timer, running, goOff } = createTestTimers()
    const waiting = waitBy(timer)(7)
    expect(running()).toEqual([7])
    goOff()
    await expect(waiting).resolves.toBeUndefined()
  })

  it('rejects with the reason of a signal, and leaves no timer behind', async () => {
    const { timer, running } = createTestTimers()
    const controller = new AbortController()
    const waiting = waitBy(timer)(7, controller.signal)
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    expect(running()).toEqual([])
  })

  it('starts no timer for a signal that is set already', async () => {
    const { timer, running } = createTestTimers()
    const waiting = waitBy(timer)(7, AbortSignal.abort(new Error('before')))
    expect(running()).toEqual([])
    await expect(waiting).rejects.toThrow('before')
  })
})

describe('SYSTEM_TIMING', () => {
  it('has clocks that agree with those of the platform', () => {
    expect(Math.abs(SYSTEM_TIMING.now() - Date.now() / 1000)).toBeLessThan(1)
    expect(Math.abs(SYSTEM_TIMING.elapsed() - performance.now() / 1000)).toBeLessThan(1)
  })
})

describe('within()', () => {
  it('gives the result of what ends in time, and leaves no timer behind', async () => {
    const { timer, running } = createTestTimers()
    expect(await within(3, Promise.resolve('done'), () => 'late', timer)).toBe('done')
    expect(running()).toEqual([])
  })

  it('gives what `late` gives once time is up', async () => {
    const { timer, goOff } = createTestTimers()
    const result = within<string>(3, never, () => 'late', timer)
    goOff()
    expect(await result).toBe('late')
  })

  it('throws what `late` throws', async () => {
    const { timer, goOff } = createTestTimers()
    const result = within(
      3,
      never,
      () => {
        throw new RangeError('too late')
      },
      timer,
    )
    goOff()
    await expect(result).rejects.toThrow(RangeError)
  })

  it('rejects as the work does, and leaves no timer behind', async () => {
    const { timer, running } = createTestTimers()
    const work = Promise.reject(new Error('broken'))
    await expect(within(3, work, () => undefined as never, timer)).rejects.toThrow('broken')
    expect(running()).toEqual([])
  })
})

describe('limited()', () => {
  it('gives the result, and leaves neither timer nor listener behind', async () => {
    const { timer, running } = createTestTimers()
    const { signal } = new AbortController()
    expect(await limited({ seconds: 3, signal, timer }, async () => 'done')).toBe('done')
    expect(running()).toEqual([])
  })

  it('sets the signal and rejects when time is up, whatever the work does', async () => {
    const { timer, goOff } = createTestTimers()
    let given: AbortSignal | undefined
    const work = limited({ seconds: 3, timer }, (signal) => {
      given = signal
      return never
    })
    goOff()
    const error = await work.catch((reason: unknown) => reason)
    expect(isTimeout(error)).toBe(true)
    expect(given?.aborted).toBe(true)
  })

  it("rejects with the reason of the caller's signal, and sets its own", async () => {
    const { timer, running } = createTestTimers()
    const controller = new AbortController()
    let given: AbortSignal | undefined
    const work = limited({ seconds: 3, signal: controller.signal, timer }, (signal) => {
      given = signal
      return never
    })
    controller.abort(new Error('no more'))
    await expect(work).rejects.toThrow('no more')
    expect(given?.aborted).toBe(true)
    expect(running()).toEqual([])
  })

  it('does not begin when the signal is set already', async () => {
    const signal = AbortSignal.abort(new Error('before'))
    let isBegun = false
    const work = limited({ seconds: 3, signal }, async () => (isBegun = true))
    await expect(work).rejects.toThrow('before')
    expect(isBegun).toBe(false)
  })
})

describe('readBytes()', () => {
  const body = (...sizes: readonly number[]): ReadableStream<Uint8Array> =>
    new Response(
      new ReadableStream({
        start(controller) {
          for (const size of sizes) controller.enqueue(new Uint8Array(size).fill(size))
          controller.close()
        },
      }),
    ).body as ReadableStream<Uint8Array>

  it('gives all of a body, and nothing of none', async () => {
    expect(await readBytes(body(1, 2), 3)).toEqual(Uint8Array.of(1, 2, 2))
    expect(await readBytes(null, 3)).toEqual(new Uint8Array())
  })

  it.each([
    [[3], 3],
    [[4], undefined],
    [[2, 2], undefined],
    [[1, 1, 1], 3],
  ] as const)('reads chunks of %j with a limit of 3 bytes as %s', async (sizes, length) => {
    expect((await readBytes(body(...sizes), 3))?.length).toBe(length)
  })

  it('stops reading a body without end, and does not wait for its sender', async () => {
    let cancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1000)),
      cancel: () => {
        cancelled = true
        return never
      },
    })
    expect(await readBytes(endless, 2500)).toBeUndefined()
    expect(cancelled).toBe(true)
  })
})

describe('backoffSeconds()', () => {
  const backoff = { firstSeconds: 2, maxSeconds: 32 }

  it.each([
    [1, 2],
    [2, 4],
    [4, 16],
    [5, 32],
    [6, 32],
    [5000, 32],
  ])('after failure %i waits up to %i s', (failures, most) => {
    expect(backoffSeconds(failures, backoff, 0)).toBe(0)
    expect(backoffSeconds(failures, backoff, 0.5)).toBe(most / 2)
    expect(backoffSeconds(failures, backoff, 0.999_999)).toBeLessThan(most)
  })

  it.each([
    [0, 1],
    [7, 8],
    [60, 61],
    [61, 61],
    [999_999_999, 61],
  ])('waits longer by the %i s that were asked for, at most a minute', (asked, waited) => {
    expect(backoffSeconds(1, backoff, 0.5, asked)).toBe(waited)
  })
})

describe('retryAfterSeconds()', () => {
  const date = 'Fri, 27 Nov 2026 12:00:00 GMT'

  it.each([
    ['7', undefined, 7],
    ['0008', undefined, 8],
    ['0', undefined, 0],
    ['-1', undefined, 0],
    ['1.5', undefined, 0],
    ['9'.repeat(10), undefined, 0],
    ['soon', date, 0],
    ['Fri, 27 Nov 2026 12:00:09 GMT', date, 9],
    ['Fri, 27 Nov 2026 11:00:00 GMT', date, 0],
    ['Fri, 27 Nov 2026 12:00:09 GMT', undefined, 0],
    ['Fri, 27 Nov 2026 12:00:09 GMT', 'today', 0],
  ])('reads %j in an answer of %s as %i', (asked, of, seconds) => {
    const headers = new Headers({ 'Retry-After': asked, ...(of !== undefined && { Date: of }) })
    expect(retryAfterSeconds(headers)).toBe(seconds)
  })

  it('is 0 without the header', () => {
    expect(retryAfterSeconds(new Headers())).toBe(0)
  })
})
