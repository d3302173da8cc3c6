// The result of a storm: what is printed, written as JSON and drawn.

import process from 'node:process'
import type { AuditSummary } from './audit-files.ts'
import type { CheckResult } from './checks.ts'
import type { Ending, ReceivedToken } from './clients.ts'
import type { DishonestKind } from './dishonest.ts'
import type { Mark } from './faults.ts'
import { type MemorySample, sampleAt, totalMib } from './memory.ts'
import { type Percentiles, type Sample, type Second, bySecond, percentiles } from './meter.ts'
import type { StormOptions } from './options.ts'
import type { Fate } from './transport.ts'

/** Delay of an event loop, in milliseconds. */
export interface Delay {
  readonly p99: number
  readonly max: number
}

/** All that was measured. */
export interface Measured {
  readonly options: StormOptions
  readonly seconds: number
  readonly marks: readonly Mark[]
  readonly endings: readonly Ending[]
  readonly tokens: readonly ReceivedToken[]
  readonly retries: number
  readonly fates: Readonly<Record<Fate, number>>
  readonly samples: readonly Sample[]
  readonly memory: readonly MemorySample[]
  readonly audit: AuditSummary
  readonly records: number
  readonly keys: number
  /** Processor time of the service processes during the storm, without their starts. */
  readonly servicesMs: number
  /** Processor time of this process, which is all clients and the cloud that signs. */
  readonly clientMs: number
  /** Delay of this process's event loop: the clients measure no shorter times exactly. */
  readonly clientDelayMs: Delay
  readonly checks: readonly CheckResult[]
}

/** Resident sizes after a part of the tokens and at the end, in MiB. */
export interface MemoryGrowth {
  readonly earlyTokens: number
  readonly earlyMib: number
  readonly lateTokens: number
  readonly lateMib: number
  readonly redisEarlyMib: number
  readonly redisLateMib: number
}

/** The result of a storm. Times are in milliseconds where the name says nothing else. */
export interface StormResult {
  readonly node: string
  readonly options: StormOptions
  readonly seconds: number
  readonly outcomes: Readonly<Record<Ending['outcome'], number>>
  /** Answers with a token, repeats included. */
  readonly tokens: number
  readonly records: number
  readonly publishedKeys: number
  readonly retries: number
  readonly repeats: number
  readonly lost: Readonly<Record<'cut' | 'unheard', number>>
  /** How many dishonest instances of each kind there were. */
  readonly dishonest: Readonly<Partial<Record<DishonestKind, number>>>
  /** Enrollments without a token, by the reason of the audit event. */
  readonly refusals: Readonly<Record<string, number>>
  /** As the clients saw it. */
  readonly challengeMs: Percentiles
  readonly enrollMs: Percentiles
  /** From boot to token, with all retries. */
  readonly bootMs: Percentiles
  /** Inside the service, by its audit events. */
  readonly serviceChallengeMs: Percentiles
  readonly serviceEnrollMs: Percentiles
  /** Challenges, refusals and repeats are in the time for each token. */
  readonly processor: {
    readonly servicesMs: number
    readonly clientMs: number
    readonly servicesMsPerToken: number
  }
  readonly clientDelayMs: Delay
  readonly memory: MemoryGrowth
  readonly marks: readonly Mark[]
  readonly bySecond: readonly Second[]
  readonly checks: readonly CheckResult[]
}

/** The size after so many tokens is compared with that at the end, in storms of five times as many. */
const EARLY_TOKENS = 10_000
const LARGE_STORM = 5 * EARLY_TOKENS

const growthOf = (memory: readonly MemorySample[]): MemoryGrowth => {
  const late = memory.at(-1)
  const lateTokens = late?.tokens ?? 0
  const earlyTokens = lateTokens < LARGE_STORM ? Math.ceil(lateTokens / 10) : EARLY_TOKENS
  const early = sampleAt(memory, earlyTokens)
  return {
    earlyTokens: early?.tokens ?? 0,
    earlyMib: early === undefined ? 0 : totalMib(early),
    lateTokens,
    lateMib: late === undefined ? 0 : totalMib(late),
    redisEarlyMib: early?.redisMib ?? 0,
    redisLateMib: late?.redisMib ?? 0,
  }
}

const countKinds = (endings: readonly Ending[]): StormResult['dishonest'] => {
  const counts: Partial<Record<DishonestKind, number>> = {}
  for (const { actor } of endings) {
    if (actor.kind !== 'honest') counts[actor.kind] = (counts[actor.kind] ?? 0) + 1
  }
  return counts
}

/** Makes the result. */
export const summarize = (measured: Measured): StormResult => {
  const { endings, tokens, samples, audit, servicesMs, clientMs, fates } = measured
  const answered = (call: Sample['call']): Percentiles =>
    percentiles(samples.filter((it) => it.call === call && it.status === 200).map(({ ms }) => ms))
  const ended = (outcome: Ending['outcome']): readonly Ending[] =>
    endings.filter((ending) => ending.outcome === outcome)
  return {
    node: process.version,
    options: measured.options,
    seconds: measured.seconds,
    outcomes: {
      token: ended('token').length,
      refused: ended('refused').length,
      failed: ended('failed').length,
    },
    tokens: tokens.length,
    records: measured.records,
    publishedKeys: measured.keys,
    retries: measured.retries,
    repeats: audit.repeats,
    lost: { cut: fates.cut, unheard: fates.unheard },
    dishonest: countKinds(endings),
    refusals: audit.refusals,
    challengeMs: answered('challenge'),
    enrollMs: answered('enroll'),
    bootMs: percentiles(ended('token').map(({ ms }) => ms)),
    serviceChallengeMs: percentiles(audit.challengeMs),
    serviceEnrollMs: percentiles(audit.enrollMs),
    processor: { servicesMs, clientMs, servicesMsPerToken: servicesMs / (tokens.length || 1) },
    clientDelayMs: measured.clientDelayMs,
    memory: growthOf(measured.memory),
    marks: measured.marks,
    bySecond: bySecond(samples),
    checks: measured.checks,
  }
}
