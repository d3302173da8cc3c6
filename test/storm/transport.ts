// How calls travel in a storm: over kept connections to a process that chance picks, and some answers are lost.
// What the clients get for it is shaped as `fetch` would shape it.

import { Agent, type IncomingMessage, request } from 'node:http'
import type { Fetch } from '../../src/client/call.ts'
import { ENROLL_PATH } from '../../src/base/wire/paths.ts'
import { type Random, pick } from '../support/random.ts'
import type { Fleet } from './fleet.ts'
import type { Sample } from './meter.ts'

/** An answer as it arrived. */
export interface Arrived {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** What becomes of a call. */
export type Fate = 'answered' | 'cut' | 'unheard'

/** See {@link createTransport}. */
export interface Transport {
  /** Makes `fetch` for one instance. @param onArrived receives each answer, also one that the client never sees */
  fetchFor(onArrived?: (path: string, answer: Arrived) => void): Fetch
  /** How many calls had which fate. */
  readonly fates: Readonly<Record<Fate, number>>
  readonly samples: readonly Sample[]
  close(): void
}

/** The longest time between a request that was written and a connection that is cut, in milliseconds. */
const CUT_WITHIN_MS = 6

const lost = (): Error => Object.assign(new Error('the answer was lost'), { code: 'ECONNRESET' })

const readText = async (response: IncomingMessage): Promise<string> => {
  let text = ''
  response.setEncoding('utf8')
  for await (const part of response) text += String(part)
  if (!response.complete) throw lost()
  return text
}

const headersOf = (response: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(response.headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  )

/**
 * Creates a transport.
 * @param random decides about processes and losses
 * @param lostPercent of the calls: half of them lose the connection as soon as the request is written, of the other
 *   half the answer arrives and the client is not told
 * @param elapsed seconds since the storm began
 */
export const createTransport = (
  fleet: Fleet,
  { random, lostPercent, elapsed }: { random: Random; lostPercent: number; elapsed: () => number },
): Transport => {
  const agent = new Agent({ keepAlive: true, noDelay: true })
  const fates = { answered: 0, cut: 0, unheard: 0 }
  const samples: Sample[] = []

  const drawFate = (): Fate => {
    if (random(1000) >= lostPercent * 10) return 'answered'
    return random(2) === 0 ? 'cut' : 'unheard'
  }

  const send = (url: URL, init: RequestInit, fate: Fate): Promise<Arrived> =>
    new Promise((resolve, reject) => {
      const { port } = pick(
        random,
        fleet.places.filter(({ inUse }) => inUse),
      )
      const { method = 'GET', body, signal } = init
      const text = body === undefined || body === null ? undefined : String(body as string)
      const sent = request({
        agent,
        hostname: '127.0.0.1',
        port,
        method,
        path: url.pathname + url.search,
        headers: {
          ...(text !== undefined && {
            'Content-Type': 'application/x-www-form-urlencoded',
            'Content-Length': String(Buffer.byteLength(text)),
          }),
          ...(init.headers as Record<string, string>),
        },
      })
      const stop = (): void => void sent.destroy(signal?.reason as Error)
      signal?.addEventListener('abort', stop, { once: true })
      sent.on('close', () => signal?.removeEventListener('abort', stop))
      sent.on('error', reject)
      sent.on('response', (response) => {
        const { statusCode: status = 0 } = response
        readText(response).then(
          (read) => resolve({ status, headers: headersOf(response), text: read }),
          reject,
        )
      })
      if (fate === 'cut') {
        sent.on('finish', () => setTimeout(() => sent.destroy(lost()), random(CUT_WITHIN_MS)))
      }
      sent.end(text)
    })

  return {
    fates,
    samples,
    fetchFor:
      (onArrived = () => undefined) =>
      async (address, init) => {
        const url = new URL(address)
        const fate = drawFate()
        const began = performance.now()
        let noted = false
        const note = (status: number): void => {
          if (noted) return
          noted = true
          const call = url.pathname === ENROLL_PATH ? 'enroll' : 'challenge'
          samples.push({ call, atSeconds: elapsed(), ms: performance.now() - began, status })
        }
        try {
          const answer = await send(url, init, fate)
          onArrived(url.pathname, answer)
          // A connection that was to be cut may be answered first.
          fates[fate === 'unheard' ? 'unheard' : 'answered']++
          note(answer.status)
          if (fate === 'unheard') throw lost()
          const { status, headers, text } = answer
          return new Response(text, { status, headers })
        } catch (cause) {
          if (fate === 'cut') fates.cut++
          note(0)
          init.signal?.throwIfAborted()
          throw new TypeError('fetch failed', { cause })
        }
      },
    close: () => agent.destroy(),
  }
}
