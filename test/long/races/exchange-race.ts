// Exchanges of a token while an operator ends its enrollment: no token from an exchange is in standing once the end was
// acknowledged, however late its own answer comes.

import {
  JWT_TOKEN_TYPE,
  TOKEN_EXCHANGE_GRANT,
  TOKEN_PATH,
} from '../../../src/base/wire/token-exchange.ts'
import { pick } from '../../support/random.ts'
import {
  EXCHANGE_AUDIENCES,
  type Instance,
  type InstanceKey,
  claimsOf,
  instancePath,
} from './instances.ts'
import { freshAttempt } from './two-processes-one-winner.ts'
import { delay, other } from './two-processes-posts.ts'
import type { Round, Side } from './two-processes-run.ts'

const FEWEST_EXCHANGES = 3
const EXCHANGE_WITHIN_MS = 10
const END_WITHIN_MS = 8

/** A node that enrolled with its key. */
interface Node {
  readonly instance: Instance
  readonly key: InstanceKey
  readonly token: string
  readonly jti: string
}

/** What one exchange came to. */
interface Exchanged {
  /** By the clock of this process: before a byte was sent. */
  readonly startedAt: number
  readonly token: string | undefined
  readonly error: unknown
}

const enroll = async (round: Round, instance: Instance, key: InstanceKey): Promise<Node> => {
  const attempt = await freshAttempt(round, instance, 'same_key', key)
  const { fields, headers } = attempt
  const answer = await round.clients[round.side()].send('POST', '/v1/enroll', { fields, headers })
  round.check(answer.status === 200, `an enrollment was answered with ${answer.status}`)
  const token = String(answer.body['access_token'])
  return { instance, key, token, jti: String(claimsOf(answer)['jti']) }
}

const exchange = async (round: Round, { token, key }: Node, side: Side): Promise<Exchanged> => {
  const { random, instances, clients } = round
  const fields = {
    grant_type: TOKEN_EXCHANGE_GRANT,
    subject_token: token,
    subject_token_type: JWT_TOKEN_TYPE,
    audience: pick(random, EXCHANGE_AUDIENCES),
  }
  const headers = { DPoP: await instances.proveExchange(key) }
  const startedAt = performance.now()
  const { status, body } = await clients[side].send('POST', TOKEN_PATH, { fields, headers })
  const { access_token: child, error } = body
  const isRefused = status === 400 && error === 'invalid_grant'
  round.check(status === 200 || isRefused, `an exchange was answered with ${status} ${error}`)
  return { startedAt, token: status === 200 ? String(child) : undefined, error }
}

const isActive = async (round: Round, token: string, side: Side): Promise<unknown> => {
  const { instances, clients } = round
  const answer = await instances.operate(clients[side], 'POST', '/v1/introspect', { token })
  return answer.body['active']
}

/** How an operator ends an enrollment: each once in four, by the seed. */
const ENDS = ['token', 'instance', 'reset', 'ban'] as const

const endOf = (kind: (typeof ENDS)[number], { instance, jti }: Node) => {
  switch (kind) {
    case 'token':
      return ['POST', '/v1/revoke', { jti }] as const
    case 'instance':
      return ['POST', `${instancePath(instance)}/revoke`, undefined] as const
    case 'reset':
      return ['POST', `${instancePath(instance)}/reset`, undefined] as const
    case 'ban':
      return ['PUT', `/v1/admin/bans/instance/${instance.id}`, { reason: 'A race.' }] as const
  }
}

/** Exchanges through both processes, and an end of the enrollment through one of them. */
export const raceExchangeWithEnd = async (round: Round): Promise<void> => {
  const { random, instances, clients } = round
  const key = await instances.newKey()
  const node = await enroll(round, round.newInstance(), key)
  // Another node of the same key, which nobody ends: it shows that introspection does not refuse all.
  const bystander = await enroll(round, round.newInstance(), key)
  const kind = pick(random, ENDS)
  const side = round.side()

  const end = async (): Promise<number> => {
    await delay(round, END_WITHIN_MS)
    const [method, path, fields] = endOf(kind, node)
    const { status } = await instances.operate(clients[side], method, path, fields)
    round.check(status === 200, `the end by ${kind} was answered with ${status}`)
    return performance.now()
  }
  const ending = end()
  const [acknowledgedAt, kept, ...exchanged] = await Promise.all([
    ending,
    exchange(round, bystander, round.side()),
    ...Array.from({ length: FEWEST_EXCHANGES + random(4) }, async () => {
      await delay(round, EXCHANGE_WITHIN_MS)
      return exchange(round, node, round.side())
    }),
    // These start in the moment of the acknowledgement, the first through the process that did not take it.
    ...[other(side), side].map(async (late) => {
      await ending
      return exchange(round, node, late)
    }),
  ])

  for (const { startedAt, token } of exchanged) {
    const after = startedAt > acknowledgedAt
    round.check(
      !(after && token !== undefined),
      `an exchange began after the ${kind}, and was done`,
    )
    round.count(token !== undefined ? 'issued' : after ? 'refused' : 'refused that began before')
    if (token === undefined) continue
    for (const at of [0, 1] as const) {
      const active = await isActive(round, token, at)
      round.check(active === false, `a token is in standing after the ${kind}`)
    }
  }
  const unharmed = kept.token !== undefined && (await isActive(round, kept.token, other(side)))
  round.check(unharmed === true, `the ${kind} of another node ended a token`)
  round.won(side)
  round.stands(node.instance, { enrollments: 1, generation: kind === 'reset' ? 1 : 0 })
  round.stands(bystander.instance, { enrollments: 1, generation: 0 })
}
