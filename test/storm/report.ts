// The result of a storm as text.

import type { CheckResult } from './checks.ts'
import { DISHONEST, DISHONEST_KINDS } from './dishonest.ts'
import type { Percentiles } from './meter.ts'
import type { StormResult } from './result.ts'

/** How many problems of a check are listed. */
const MOST_PROBLEMS = 10
const LABEL_WIDTH = 40

const number = (value: number): string => value.toLocaleString('en-US')
const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
const mib = (value: number): string => `${Math.round(value)} MiB`

const row = (label: string, ...cells: readonly string[]): string =>
  `  ${label.padEnd(LABEL_WIDTH)}${cells.map((cell) => cell.padStart(12)).join('')}`

const times = (label: string, { p50, p99, p999, max }: Percentiles): string =>
  row(label, ms(p50), ms(p99), ms(p999), ms(max))

const ratio = (late: number, early: number): string =>
  early === 0 ? 'no sample' : (late / early).toFixed(2)

const checkLines = ({ name, problems }: CheckResult): readonly string[] => {
  if (problems.length === 0) return [`  ok      ${name}`]
  const more = problems.length - MOST_PROBLEMS
  return [
    `  FAILED  ${name}: ${number(problems.length)} problems`,
    ...problems.slice(0, MOST_PROBLEMS).map((problem) => `            ${problem}`),
    ...(more > 0 ? [`            and ${number(more)} more`] : []),
  ]
}

/** The lines that are printed. */
export const reportLines = (result: StormResult): readonly string[] => {
  const { options, outcomes, lost, memory, processor, marks, clientDelayMs: delay } = result
  const { instances, services, seed } = options
  const replaced = marks.some(({ what }) => what !== 'Redis stopped')
  return [
    `seed ${seed}: ${number(instances)} instances in ${result.seconds.toFixed(0)} s, ${services} processes on Redis, Node ${result.node}`,
    '',
    'Outcome',
    row('instances with a token', number(outcomes.token)),
    row('instances refused', number(outcomes.refused)),
    row('instances that gave up', number(outcomes.failed)),
    row('records', number(result.records)),
    row('calls made again by clients', number(result.retries)),
    row('repeats answered with the same token', number(result.repeats)),
    row('answers lost: cut, not heard', number(lost.cut), number(lost.unheard)),
    '',
    'Dishonest instances',
    ...DISHONEST_KINDS.map(
      (kind) => `  ${number(result.dishonest[kind] ?? 0).padStart(7)}  ${DISHONEST[kind]}`,
    ),
    '',
    'Enrollments without a token, by reason',
    ...Object.entries(result.refusals)
      .toSorted(([, a], [, b]) => b - a)
      .map(([reason, count]) => row(reason, number(count))),
    '',
    row('Times', 'p50', 'p99', 'p99.9', 'longest').trimStart(),
    times('challenge, as clients see it', result.challengeMs),
    times('enrollment, as clients see it', result.enrollMs),
    times('boot to token, with retries', result.bootMs),
    times('challenge, inside of the service', result.serviceChallengeMs),
    times('enrollment, inside of the service', result.serviceEnrollMs),
    row('delay of the clients themselves', '', ms(delay.p99), '', ms(delay.max)),
    '',
    'Processor time',
    row('service, for each token', `${processor.servicesMsPerToken.toFixed(2)} ms`),
    row('service, all processes', `${(processor.servicesMs / 1000).toFixed(1)} s`),
    row('clients, and the cloud that signs', `${(processor.clientMs / 1000).toFixed(1)} s`),
    '',
    'Memory, resident',
    row(
      `service after ${number(memory.earlyTokens)} and ${number(memory.lateTokens)} tokens`,
      mib(memory.earlyMib),
      mib(memory.lateMib),
      ratio(memory.lateMib, memory.earlyMib),
    ),
    row(
      'Redis',
      mib(memory.redisEarlyMib),
      mib(memory.redisLateMib),
      ratio(memory.redisLateMib, memory.redisEarlyMib),
    ),
    ...(replaced
      ? ['  (processes were replaced in between; --faults none compares the same)']
      : []),
    '',
    ...marks.map(({ what, fromSeconds, toSeconds }) =>
      row(what, `${fromSeconds.toFixed(1)} s`, `to ${toSeconds.toFixed(1)} s`),
    ),
    ...(marks.length > 0 ? [''] : []),
    'Checks',
    ...result.checks.flatMap(checkLines),
  ]
}

/** Whether all checks hold. */
export const allHold = ({ checks }: StormResult): boolean =>
  checks.every(({ problems }) => problems.length === 0)
