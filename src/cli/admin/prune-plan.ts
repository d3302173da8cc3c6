// Which instances are to be forgotten: those of one account and region that a list of living ones
// doesn't name, and that it should know. Nothing is changed here.

import type { InstanceAnswer } from './answers.ts'
import type { LivingList } from './living-list.ts'

/** An instance by its id; of two that share it but for the serial number, the later times. */
export interface Candidate {
  readonly instanceId: string
  /** Unix seconds; absent when the service doesn't know. */
  readonly firstAt: number | undefined
  readonly lastAt: number | undefined
}

/** What came of looking at every instance. */
export interface PrunePlan {
  /** To be forgotten. */
  readonly gone: readonly Candidate[]
  /** How many the list names. */
  readonly living: number
  /** How many enrolled first after the list was made, and are left alone. */
  readonly newer: number
}

const later = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : Math.max(a, b)

/** Collects instances, whatever order and however often the service tells them. */
export const createCandidates = (
  account: string,
  region: string,
): { add(items: readonly InstanceAnswer[]): void; all(): readonly Candidate[] } => {
  const found = new Map<string, Candidate>()
  return {
    add(items) {
      for (const it of items) {
        if (it.owner_account_id !== account || it.region_id !== region) continue
        const { instance_id: instanceId, first_enrolled_at: first, last_enrolled_at: last } = it
        const other = found.get(instanceId)
        const firstAt = other === undefined ? first : later(first, other.firstAt)
        const lastAt = other === undefined ? last : later(last, other.lastAt)
        found.set(instanceId, { instanceId, firstAt, lastAt })
      }
    },
    all: () => [...found.values()],
  }
}

/** Tells what is to be forgotten. */
export const planPrune = (
  candidates: readonly Candidate[],
  { ids, knowsUntil }: LivingList,
): PrunePlan => {
  const dead = candidates.filter(({ instanceId }) => !ids.has(instanceId))
  // Without a time nobody knows whether the list should know it.
  const gone = dead.filter(({ firstAt }) => firstAt !== undefined && firstAt <= knowsUntil)
  return {
    gone,
    living: candidates.length - dead.length,
    newer: dead.length - gone.length,
  }
}
