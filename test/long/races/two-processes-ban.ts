// A ban that comes while an instance enrolls: what starts after it was acknowledged is refused.

import { pick } from '../../support/random.ts'
import type { Round } from './two-processes-run.ts'
import { freshAttempt } from './two-processes-one-winner.ts'
import { delay, other, post } from './two-processes-posts.ts'

const FEWEST_POSTS = 3
const POST_WITHIN_MS = 10
const BAN_WITHIN_MS = 6

/** Posts of one instance through both processes, and a ban through one of them. */
export const raceWithBan = async (round: Round): Promise<void> => {
  const { random, instances, clients } = round
  const instance = round.newInstance({ account: round.account })
  const own = { ...instance, image: `m-${instance.id}` }
  const [kind, value] = pick(random, [
    ['account', own.account],
    ['image', own.image],
    ['instance', own.id],
  ] as const)
  const path = `/v1/admin/bans/${kind}/${value}`
  const attempts = await Promise.all(
    Array.from({ length: FEWEST_POSTS + random(4) }, () => freshAttempt(round, own, 'always')),
  )
  const late = await Promise.all([0, 1].map(() => freshAttempt(round, own, 'always')))
  const afterwards = await freshAttempt(round, own, 'always')

  const side = round.side()
  const ban = async (): Promise<number> => {
    await delay(round, BAN_WITHIN_MS)
    const { status } = await instances.operate(clients[side], 'PUT', path, { reason: 'A race.' })
    round.check(status === 200, `the ban was answered with ${status}`)
    return performance.now()
  }
  const banning = ban()
  const [acknowledgedAt, ...posted] = await Promise.all([
    banning,
    ...attempts.map(async (attempt) => {
      await delay(round, POST_WITHIN_MS)
      return post(round, attempt, round.side())
    }),
    // These start in the moment of the acknowledgement, the first through the process that didn't take it.
    ...late.map(async (attempt, at) => {
      await banning
      return post(round, attempt, at === 0 ? other(side) : side)
    }),
  ])

  const issued = posted.filter(({ token }) => token !== undefined)
  for (const { status, startedAt } of posted) {
    const after = startedAt > acknowledgedAt
    round.check(!(after && status !== 403), `got ${status} though it started after the ban`)
    round.check(status !== 401, 'good evidence was refused as such')
    round.count(status === 200 ? 'issued' : after ? 'refused' : 'refused that started before')
  }
  for (const { attempt } of issued) {
    const { status } = await post(round, attempt, round.side())
    round.check(status === 403, `a retry under the ban got ${status}`)
  }

  const lifting = round.side()
  const lifted = await instances.operate(clients[lifting], 'DELETE', path)
  round.check(lifted.status === 200, `lifting the ban was answered with ${lifted.status}`)
  const fresh = await post(round, afterwards, other(lifting))
  round.check(fresh.status === 200, `got ${fresh.status} after the ban was lifted`)
  for (const { attempt, token } of issued) {
    const again = await post(round, attempt, round.side())
    round.check(again.token === token, 'a retry after the ban got another token, or none')
  }
  round.won(side)
  round.stands(own, { enrollments: issued.length + 1, generation: 0 })
}
