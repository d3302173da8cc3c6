// `/readyz`: whether the ledger answers, and that nobody can keep the ledger busy by asking.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import { createApp } from '../../../src/http/app.ts'
import type { AuditEvent } from '../../../src/http/audit.ts'
import { createReadiness } from '../../../src/http/readiness.ts'
import type { Swap } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { createTestEnroller } from '../../support/test-enroller.ts'
import { problemOf } from '../../support/http.ts'

/** A ledger whose answers are given by hand. */
const handLedger = () => {
  const questions: { answer(): void; fail(): void }[] = []
  const compareAndSet = (): Promise<Swap> =>
    new Promise((resolve, reject) => {
      questions.push({
        answer: () => resolve({ stored: false, value: undefined }),
        fail: () => reject(new LedgerUnavailableError('the store did not answer')),
      })
    })
  return { questions, isReady: createReadiness({ compareAndSet }) }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('createReadiness()', () => {
  it('asks one question for a thousand callers at once', async () => {
    const { questions, isReady } = handLedger()
    const callers = Array.from({ length: 1000 }, isReady)
    expect(questions).toHaveLength(1)
    questions[0]?.answer()
    expect(new Set(await Promise.all(callers))).toEqual(new Set([true]))
  })

  it('asks at most once a second, whatever the answer was', async () => {
    const { questions, isReady } = handLedger()
    for (const good of [true, false, true]) {
      const first = isReady()
      const asked = questions.at(-1)
      if (good) asked?.answer()
      else asked?.fail()
      expect(await first).toBe(good)
      const count = questions.length
      vi.advanceTimersByTime(999)
      for (let i = 0; i < 100; i++) expect(await isReady()).toBe(good)
      expect(questions).toHaveLength(count)
      vi.advanceTimersByTime(1)
    }
    expect(questions).toHaveLength(3)
  })

  it('says no after two seconds without an answer, and asks no second question meanwhile', async () => {
    const { questions, isReady } = handLedger()
    const first = isReady()
    await vi.advanceTimersByTimeAsync(2000)
    expect(await first).toBe(false)
    const second = isReady()
    await vi.advanceTimersByTimeAsync(2000)
    expect(await second).toBe(false)
    expect(questions).toHaveLength(1)
    questions[0]?.answer()
    await vi.advanceTimersByTimeAsync(0)
    // The late answer is too old; the next caller asks anew.
    const third = isReady()
    questions[1]?.answer()
    expect(await third).toBe(true)
  })

  it('gives up a question that is never answered, as when its request ended', async () => {
    const { questions, isReady } = handLedger()
    const first = isReady()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await first).toBe(false)
    const next = isReady()
    expect(questions).toHaveLength(2)
    questions[1]?.answer()
    expect(await next).toBe(true)
    // The first answer arrives late, and is ignored.
    questions[0]?.fail()
    await vi.advanceTimersByTimeAsync(0)
    expect(await isReady()).toBe(true)
  })
})

describe('createReadiness() with a ledger', () => {
  it('stores nothing', async () => {
    const ledger = createMemoryLedger(0)
    expect(await createReadiness(ledger)()).toBe(true)
    expect((await ledger.list('ready', { limit: 5 }, 0)).entries).toEqual([])
  })
})

/** The app with a readiness of the test's own, or without. */
const appWith = async (readiness?: () => Promise<boolean>) => {
  const { enroller } = await createTestEnroller()
  const events: AuditEvent[] = []
  const audit = (event: AuditEvent): void => void events.push(event)
  return { app: createApp({ enroller, audit, ...(readiness && { readiness }) }), events }
}

describe('GET /readyz', () => {
  it.each([
    [true, 200, 'ready'],
    [false, 503, 'unavailable'],
  ])('with a ledger of which it is %s that it answers, is %i', async (ready, status, word) => {
    const { app, events } = await appWith(async () => ready)
    const response = await app.request('/readyz')
    expect(await response.json()).toEqual({ status: word })
    expect([response.status, response.headers.get('Cache-Control')]).toEqual([status, 'no-store'])
    const head = await app.request('/readyz', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([status, ''])
    expect(events).toEqual([])
  })

  it.each(['POST', 'PUT', 'DELETE'])('refuses %s, and says what it takes', async (method) => {
    const readiness = vi.fn(async () => true)
    const { app } = await appWith(readiness)
    const response = await app.request('/readyz', { method })
    expect(response.headers.get('Allow')).toBe('GET, HEAD')
    expect(await problemOf(response)).toMatchObject({ status: 405, code: 'method_not_allowed' })
    expect(readiness).not.toHaveBeenCalled()
  })

  it('is described in openapi.json where it is there, else 404', async () => {
    const paths = async ({ app }: Awaited<ReturnType<typeof appWith>>): Promise<string[]> => {
      const answer = await app.request('/openapi.json')
      return Object.keys(((await answer.json()) as { paths: object }).paths)
    }
    expect(await paths(await appWith(async () => true))).toContain('/readyz')
    const without = await appWith()
    expect(await paths(without)).not.toContain('/readyz')
    expect((await without.app.request('/readyz')).status).toBe(404)
  })
})
