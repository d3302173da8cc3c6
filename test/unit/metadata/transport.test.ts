// One call of the metadata service: when it is repeated, after how long, and how it ends. No test waits.

import { describe, expect, it } from 'vitest'
import { MetadataError } from '../../../src/metadata/metadata-error.ts'
import { DEFAULT_ATTEMPTS, attemptsUpTo } from '../../../src/metadata/patience.ts'
import { createTransport } from '../../../src/metadata/transport.ts'
import { failureOf } from '../../support/metadata-client.ts'
import { createTestTiming } from '../../support/timing.ts'

type Step = number | Response | Error

/** Sends one call to a service that answers step by step, and with 200 after the last step. */
const send = async (steps: readonly Step[], attempts = DEFAULT_ATTEMPTS) => {
  const timing = createTestTiming()
  const left = [...steps]
  const told: string[] = []
  let calls = 0
  const transport = createTransport({
    baseUrl: 'http://100.100.100.200',
    timeoutSeconds: 5,
    attempts,
    timing,
    onRetry: ({ detail }) => void told.push(detail),
    fetch: async () => {
      calls++
      const step = left.shift() ?? 200
      if (step instanceof Error) throw step
      return step instanceof Response ? step : new Response('body', { status: step })
    },
  })
  const end = await transport({ target: '/latest/' }).catch((error: unknown) => {
    if (error instanceof MetadataError) return { code: error.code, message: error.message }
    throw error
  })
  return { ...end, calls, told, waits: timing.waits }
}

const systemError = (code: string): Error => Object.assign(new Error('no'), { code })
const refused = systemError('ECONNREFUSED')
const late = new DOMException('no', 'TimeoutError')
const times = (count: number, step: Step): Step[] => Array<Step>(count).fill(step)
const asking = (seconds: string): Response =>
  new Response('', { status: 503, headers: { 'Retry-After': seconds } })

describe('createTransport()', () => {
  it.each<[string, readonly Step[], object]>([
    ['200', [200], { status: 200, calls: 1, waits: [] }],
    ['401, which is an answer', [401], { status: 401, calls: 1, waits: [] }],
    ['404, which is an answer', [404], { status: 404, calls: 1, waits: [] }],
    ['429, then 200', [429], { status: 200, calls: 2, waits: [1] }],
    ['500 twice, then 200', [500, 500], { status: 200, calls: 3, waits: [1, 2] }],
    ['503 four times, then 200', times(4, 503), { status: 200, calls: 5 }],
    ['503 nine times, then 200', times(9, 503), { status: 200, calls: 10 }],
    ['503 again and again', times(20, 503), { code: 'unavailable', calls: 10 }],
    ['429 again and again', times(20, 429), { code: 'unavailable', calls: 10 }],
    ['nobody, then 200', [refused], { status: 200, calls: 2, waits: [1] }],
    ['nobody at all', times(20, refused), { code: 'unreachable', calls: 3, waits: [1, 2] }],
    ['nothing in time', times(20, late), { code: 'unreachable', calls: 3 }],
    ['no network for a while', times(9, systemError('ENETUNREACH')), { status: 200, calls: 10 }],
    ['no route for a while', times(9, systemError('EHOSTUNREACH')), { status: 200, calls: 10 }],
    ['no names for a while', times(9, systemError('EAI_AGAIN')), { status: 200, calls: 10 }],
    ['never a network', times(20, systemError('ENETUNREACH')), { code: 'unreachable', calls: 10 }],
    [
      'a network after five tries, and nobody there',
      [...times(5, systemError('ENETUNREACH')), ...times(20, refused)],
      { code: 'unreachable', calls: 8 },
    ],
    ['no TLS, or a certificate', [systemError('EPROTO')], { code: 'unreachable', calls: 1 }],
    ['503, then nobody', [503, ...times(20, refused)], { code: 'unreachable', calls: 10 }],
    ['Retry-After of 7 s', [asking('7')], { status: 200, waits: [8] }],
    ['Retry-After of an hour', [asking('3600')], { status: 200, waits: [61] }],
    ['65,536 bytes', [new Response('x'.repeat(65_536))], { status: 200, calls: 1 }],
    ['65,537 bytes', [new Response('x'.repeat(65_537))], { code: 'too_large', calls: 1 }],
  ])('of a service that answers %s', async (_, steps, expected) => {
    expect(await send(steps)).toMatchObject(expected)
  })

  it.each<[string, Step, string, RegExp]>([
    [
      '503',
      503,
      'the metadata service answered 503',
      /^the metadata service at http:\S+ is not available \(status 503\); try again later$/,
    ],
    [
      '429',
      429,
      'the metadata service answered 429',
      /is not available \(status 429\); it limits how often this instance may ask: ask less often$/,
    ],
    [
      'nobody',
      refused,
      'the metadata service did not answer (ECONNREFUSED)',
      /^no metadata service at http:\S+ \(ECONNREFUSED\); is this an ECS instance in a VPC\?$/,
    ],
    [
      'no network',
      systemError('ENETUNREACH'),
      'the network of the metadata service is unreachable (ENETUNREACH)',
      /is unreachable \(ENETUNREACH\); does this machine have its network/,
    ],
  ])('names %s while it tries again, and at the end', async (_, step, detail, message) => {
    const end = await send(times(20, step))
    expect(new Set(end.told)).toEqual(new Set([detail]))
    expect(end.told.length).toBe(end.calls - 1)
    expect(end).toMatchObject({ message: expect.stringMatching(message) })
  })

  it('says that a service which answered before does not answer, and does not call it missing', async () => {
    expect(await send([503, ...times(20, refused)])).toMatchObject({
      message: expect.stringContaining(
        'the metadata service at http://100.100.100.200 does not answer (ECONNREFUSED)',
      ),
    })
  })

  it('tries at most as often as it is allowed to, whatever the cause', async () => {
    for (const step of [503, refused, systemError('ENETUNREACH')]) {
      expect(await send(times(20, step), attemptsUpTo(2))).toMatchObject({ calls: 2 })
    }
    expect(await send(times(20, refused), attemptsUpTo(50))).toMatchObject({ calls: 3 })
    expect(await send(times(60, 503), attemptsUpTo(50))).toMatchObject({ calls: 50 })
  })

  it('doubles the wait with each failure, up to 32 s', async () => {
    const { waits } = await send(times(8, 500), attemptsUpTo(8))
    expect(waits).toEqual([1, 2, 4, 8, 16, 16, 16])
  })

  it("ends with the reason of the caller's signal, and tries no more", async () => {
    const controller = new AbortController()
    let calls = 0
    const transport = createTransport({
      baseUrl: 'http://100.100.100.200',
      timeoutSeconds: 5,
      attempts: DEFAULT_ATTEMPTS,
      timing: createTestTiming(),
      signal: controller.signal,
      fetch: () => {
        calls++
        controller.abort(new Error('stopped'))
        return new Promise(() => undefined)
      },
    })
    expect(String(await failureOf(transport({ target: '/' })))).toBe('Error: stopped')
    expect(calls).toBe(1)
  })
})
