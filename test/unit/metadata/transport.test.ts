// One call of the metadata service: when it is repeated, after how long, and how it ends. No test waits.

import { describe, expect, it } from 'vitest'
import { MetadataError } from '../../../src/metadata/metadata-error.ts'
import { createTransport } from '../../../src/metadata/transport.ts'
import { failureOf } from '../../support/metadata-client.ts'
import { createTestTiming } from '../../support/timing.ts'

type Step = number | Response | Error

/** Sends one call to a service that answers step by step, and with 200 after the last step. */
const send = async (steps: readonly Step[], attempts = 3) => {
  const timing = createTestTiming()
  const left = [...steps]
  let calls = 0
  const transport = createTransport({
    baseUrl: 'http://100.100.100.200',
    timeoutSeconds: 5,
    attempts,
    timing,
    fetch: async () => {
      calls++
      const step = left.shift() ?? 200
      if (step instanceof Error) throw step
      return step instanceof Response ? step : new Response('body', { status: step })
    },
  })
  const end = await transport({ target: '/latest/' }).catch((error: unknown) => {
    if (error instanceof MetadataError) return { code: error.code }
    throw error
  })
  return { ...end, calls, waits: timing.waits }
}

const refused = Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
const asking = (seconds: string): Response =>
  new Response('', { status: 503, headers: { 'Retry-After': seconds } })

describe('createTransport()', () => {
  it.each<[string, readonly Step[], object]>([
    ['200', [200], { status: 200, calls: 1, waits: [] }],
    ['401, which is an answer', [401], { status: 401, calls: 1, waits: [] }],
    ['404, which is an answer', [404], { status: 404, calls: 1, waits: [] }],
    ['429, then 200', [429], { status: 200, calls: 2, waits: [1] }],
    ['500 twice, then 200', [500, 500], { status: 200, calls: 3, waits: [1, 2] }],
    ['500 again and again', [500, 503, 500], { code: 'unavailable', calls: 3, waits: [1, 2] }],
    ['nobody, then 200', [refused], { status: 200, calls: 2, waits: [1] }],
    ['nobody at all', [refused, refused, refused], { code: 'unreachable', calls: 3 }],
    ['500, then nobody', [500, 500, refused], { code: 'unreachable', calls: 3 }],
    ['Retry-After of 7 s', [asking('7')], { status: 200, waits: [8] }],
    ['Retry-After of an hour', [asking('3600')], { status: 200, waits: [61] }],
    ['65,536 bytes', [new Response('x'.repeat(65_536))], { status: 200, calls: 1 }],
    ['65,537 bytes', [new Response('x'.repeat(65_537))], { code: 'too_large', calls: 1 }],
  ])('of a service that answers %s', async (_, steps, expected) => {
    expect(await send(steps)).toMatchObject(expected)
  })

  it('doubles the wait with each failure, up to 32 s', async () => {
    const { waits } = await send(Array<Step>(8).fill(500), 8)
    expect(waits).toEqual([1, 2, 4, 8, 16, 16, 16])
  })

  it("ends with the reason of the caller's signal, and tries no more", async () => {
    const controller = new AbortController()
    let calls = 0
    const transport = createTransport({
      baseUrl: 'http://100.100.100.200',
      timeoutSeconds: 5,
      attempts: 3,
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
