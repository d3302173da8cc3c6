// Posts of a race: in an order, after delays and to processes that the round's seed draws.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Attempt, claimsOf } from './instances.ts'
import type { Round, Side } from './two-processes-run.ts'

const MOST_DELAY_MS = 4

/** What one post came to. */
export interface Posted {
  readonly attempt: Attempt
  readonly side: Side
  /** By the clock of this process: before a byte was sent, and after the whole answer was there. */
  readonly startedAt: number
  readonly answeredAt: number
  readonly status: number
  readonly code: unknown
  /** Of the token, if there is one: what all tokens of one enrollment have in common. */
  readonly token: string | undefined
}

export const other = (side: Side): Side => (side === 0 ? 1 : 0)

/** A list in an order that the seed draws. */
export const shuffled = <Item>({ random }: Round, items: readonly Item[]): readonly Item[] =>
  items
    .map((item) => ({ item, place: random(1 << 30) }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item)

/** Waits for as long as the seed says; often not at all. */
export const delay = async ({ random }: Round, mostMs = MOST_DELAY_MS): Promise<void> => {
  const ms = random(2 * mostMs) - mostMs
  if (ms > 0) await sleep(ms)
}

/** Posts once. */
export const post = async (round: Round, attempt: Attempt, side: Side): Promise<Posted> => {
  const { fields, headers } = attempt
  const startedAt = performance.now()
  const answer = await round.clients[side].send('POST', '/v1/enroll', { fields, headers })
  const answeredAt = performance.now()
  const { status, body } = answer
  round.check([200, 401, 403].includes(status), `a post was answered with ${status}`)
  const claims = status === 200 ? claimsOf(answer) : undefined
  const sub = String(claims?.['sub'] ?? attempt.instance.id)
  round.check(sub.endsWith(attempt.instance.id), `a token of ${sub} for ${attempt.instance.id}`)
  const token = claims && [claims['jti'], claims['iat'], claims['exp']].join(' ')
  return { attempt, side, startedAt, answeredAt, status, code: body['code'], token }
}

/** Posts all, spread over both processes, and some of them twice more. */
export const race = async (
  round: Round,
  attempts: readonly Attempt[],
): Promise<readonly Posted[]> => {
  const first = round.side()
  const again = attempts.filter(() => round.random(3) === 0)
  const posts = [
    ...shuffled(round, attempts).map((attempt, at) => ({
      attempt,
      side: at % 2 === 0 ? first : other(first),
    })),
    ...again.flatMap((attempt) => [0 as const, 1 as const].map((side) => ({ attempt, side }))),
  ]
  return Promise.all(
    shuffled(round, posts).map(async ({ attempt, side }) => {
      await delay(round)
      return post(round, attempt, side)
    }),
  )
}
