// Resets that come while an instance tries to enroll, which may enroll once: each opens one enrollment for
// evidence that is spent after it, and none for what was spent before.

import { type Attempt, instancePath } from './instances.ts'
import type { Round } from './two-processes-run.ts'
import { expectOneWinner } from './two-processes-one-winner.ts'
import { delay, other, post, shuffled } from './two-processes-posts.ts'

const FEWEST_POSTS = 3
const RESET_WITHIN_MS = 8
const POST_WITHIN_MS = 20

/** What operators are shown of the instance. */
interface Shown {
  readonly enrollments: number
  readonly generation: number
  readonly open: boolean
}

/** Fresh posts, retries of what was spent before, and one or two resets, through both processes. */
export const raceWithResets = async (round: Round): Promise<void> => {
  const { random, instances, clients, check } = round
  const instance = round.newInstance()
  const operate = async (method: string, call = ''): Promise<Shown & { answeredAt: number }> => {
    const client = clients[round.side()]
    const { status, body } = await instances.operate(client, method, instancePath(instance) + call)
    check(status === 200, `an operator was answered with ${status}`)
    return { ...(body as unknown as Shown), answeredAt: performance.now() }
  }
  const fresh = (count: number): Promise<Attempt[]> =>
    Promise.all(
      Array.from({ length: count }, () =>
        instances.attempt(instance, 'never', instances.challengeAhead('never')),
      ),
    )

  const first = await fresh(2)
  const enrolled = await expectOneWinner(round, first, 403)
  if (enrolled === undefined) return
  // The winner's challenge is spent. What the record alone refused is not, and may still be used.
  const spent = [enrolled.attempt]
  const unused = first.filter((attempt) => attempt !== enrolled.attempt)
  const attempts = [...unused, ...(await fresh(FEWEST_POSTS + random(4)))]

  const resetting = Promise.all(
    Array.from({ length: 1 + random(2) }, async () => {
      await delay(round, RESET_WITHIN_MS)
      return operate('POST', '/reset')
    }),
  )
  const posted = await Promise.all(
    shuffled(round, [...spent, ...spent, ...attempts]).map(async (attempt) => {
      await delay(round, POST_WITHIN_MS)
      return post(round, attempt, round.side())
    }),
  )
  const resets = (await resetting).toSorted((a, b) => a.generation - b.generation)
  const after = await operate('GET')

  // What was spent before: the winner's retry until the first reset, nothing else.
  const firstAt = Math.min(...resets.map(({ answeredAt }) => answeredAt))
  for (const { attempt, startedAt, token } of posted) {
    if (!spent.includes(attempt) || token === undefined) continue
    check(startedAt < firstAt, 'what was spent before the reset has completed after it')
    check(token === enrolled.token, 'a retry got another token')
  }

  // What each window came to, from one reset to the next, as the resets themselves saw it.
  const issued = posted.filter((it) => it.token !== undefined && !spent.includes(it.attempt))
  const counts = [...resets, after].map(({ enrollments }) => enrollments)
  const windows = counts.slice(1).map((count, at) => count - (counts[at] ?? 0))
  check(counts[0] === 1, `${counts[0]} enrollments before the first reset`)
  check(
    windows.every((count) => count === 0 || count === 1),
    `a reset opened ${windows.join(' and ')} enrollments`,
  )
  check(after.enrollments === 1 + issued.length, `${issued.length} tokens, not as it is counted`)
  check(after.generation === resets.length, `generation ${after.generation}`)
  check(after.open === (windows.at(-1) === 0), 'open though it has enrolled, or the other way')
  round.count(`times ${windows.join('+')} enrolled after ${resets.length} resets`)
  for (const { side } of issued) round.won(side)

  // The last enrollment of the race may be repeated; an enrollment before a reset may not.
  const repeated = []
  for (const { attempt, token, side } of issued) {
    const again = await post(round, attempt, other(side))
    if (again.token !== undefined) repeated.push(again)
    check(again.token === undefined || again.token === token, 'a retry got another token')
  }
  check(repeated.length === windows.at(-1), `${repeated.length} can be repeated`)
  // What was refused meanwhile may complete now if the last reset is still open: one of them, once.
  let late = 0
  for (const attempt of [...spent, ...attempts]) {
    if (issued.some((it) => it.attempt === attempt)) continue
    const { status } = await post(round, attempt, round.side())
    if (status !== 200) continue
    late++
    check(attempt !== enrolled.attempt, 'what was spent before the reset has completed after it')
  }
  check(late <= (after.open ? 1 : 0), `${late} more have completed`)

  const [last] = await fresh(1)
  if (last === undefined) return
  const final = await post(round, last, round.side())
  const isOpen = after.open && late === 0
  check((final.status === 200) === isOpen, `one more got ${final.status}`)
  const enrollments = after.enrollments + late + (final.status === 200 ? 1 : 0)
  round.stands(instance, { enrollments, generation: resets.length })
}
