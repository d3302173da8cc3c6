// Reads the audit events of a storm: what was issued, why the rest was refused, and how long the service itself took.

import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** What the audit events say. */
export interface AuditSummary {
  /** Ids of the tokens that were issued, by instance. */
  readonly issued: ReadonlyMap<string, ReadonlySet<string>>
  /** Tokens that were issued once more for the same evidence. */
  readonly repeats: number
  /** Enrollments without a token, by reason. */
  readonly refusals: Readonly<Record<string, number>>
  /** What enrollments with a token took inside the service, in milliseconds. */
  readonly enrollMs: readonly number[]
  /** What challenges took. */
  readonly challengeMs: readonly number[]
}

interface Event {
  readonly event: string
  readonly outcome: string
  readonly reason?: string
  readonly instance_id?: string
  readonly jti?: string
  readonly retry?: boolean
  readonly duration_ms: number
}

/** @returns nothing for the last line of a process that was killed while it wrote */
const parseLine = (line: string): Event | undefined => {
  try {
    return JSON.parse(line) as Event
  } catch {
    return undefined
  }
}

/** Reads all files. */
export const readAuditFiles = async (files: readonly string[]): Promise<AuditSummary> => {
  const issued = new Map<string, Set<string>>()
  const refusals: Record<string, number> = {}
  const [enrollMs, challengeMs]: [number[], number[]] = [[], []]
  let repeats = 0
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(file) })) {
      const event = parseLine(line)
      if (event === undefined) continue
      if (event.event === 'challenge' && event.outcome === 'issued') {
        challengeMs.push(event.duration_ms)
      }
      if (event.event !== 'enroll') continue
      if (event.outcome !== 'issued') {
        const reason = event.reason ?? 'unknown'
        refusals[reason] = (refusals[reason] ?? 0) + 1
        continue
      }
      enrollMs.push(event.duration_ms)
      if (event.retry === true) repeats++
      const id = event.instance_id ?? ''
      const known = issued.get(id) ?? new Set<string>()
      issued.set(id, known.add(event.jti ?? ''))
    }
  }
  return { issued, repeats, refusals, enrollMs, challengeMs }
}
