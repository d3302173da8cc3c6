// A boot storm of 2,000 instances with all faults, and smaller ones against deployments with a mistake, which the
// checks must find.

import { expect, it } from 'vitest'
import { requireRedis } from '../support/redis-server.ts'
import { FAULTS, type StormOptions } from '../storm/options.ts'
import { createProgress } from '../storm/progress.ts'
import { reportLines } from '../storm/report.ts'
import { type Mistake, runStorm } from '../storm/run-storm.ts'

const STORM: StormOptions = {
  instances: 2000,
  seconds: 14,
  services: 2,
  seed: 7,
  faults: FAULTS,
  dishonestPercent: 10,
  lostPercent: 2,
}
const SMALL: StormOptions = {
  ...STORM,
  instances: 100,
  seconds: 3,
  faults: [],
  dishonestPercent: 50,
}
const LIMIT_MS = 180_000

/** One for each kind of dishonest instance, and what a stopped Redis gives. */
const REASONS = [
  'account_not_allowed',
  'audience_mismatch',
  'banned',
  'challenge_not_ours',
  'challenge_spent',
  'document_mismatch',
  'dpop_nonce_mismatch',
  'ledger_unavailable',
  'signature_invalid',
]

const quiet = createProgress({ write: () => undefined })

it(
  'a storm of 2,000 instances keeps every promise while processes and Redis fail',
  async (context) => {
    requireRedis(context)
    const result = await runStorm(STORM, { progress: quiet })
    const broken = result.checks.filter(({ problems }) => problems.length > 0)
    expect(broken, reportLines(result).join('\n')).toEqual([])
    // The faults happened, and were noticed.
    expect(result.marks.map(({ what }) => what)).toEqual([
      'process killed',
      'Redis stopped',
      'key rotation',
    ])
    expect(result.publishedKeys).toBe(2)
    expect(result.retries).toBeGreaterThan(0)
    expect(result.repeats).toBeGreaterThan(0)
    expect(result.lost.cut + result.lost.unheard).toBeGreaterThan(0)
    expect(Object.keys(result.refusals)).toEqual(expect.arrayContaining(REASONS))
    expect(result.records).toBe(result.outcomes.token)
    expect(result.outcomes.token + result.outcomes.refused).toBe(STORM.instances)
  },
  LIMIT_MS,
)

it.each<[Mistake, readonly string[], RegExp]>([
  [
    'open-policy',
    [
      'each dishonest instance was refused',
      'no dishonest instance received a token',
      'no dishonest instance has a record',
    ],
    /\(other-account\): has a record/,
  ],
  ['split-ledger', ['each honest instance has exactly one record'], /\(honest\): 0 records/],
])(
  'a storm finds a deployment with the mistake %s',
  async (mistake, names, problem) => {
    const { checks } = await runStorm(SMALL, { progress: quiet, mistake })
    const broken = checks.filter(({ problems }) => problems.length > 0)
    expect(broken.map(({ name }) => name)).toEqual(expect.arrayContaining([...names]))
    expect(broken.flatMap(({ problems }) => problems).join('\n')).toMatch(problem)
  },
  LIMIT_MS,
)
