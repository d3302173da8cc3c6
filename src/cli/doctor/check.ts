// What the doctor's checks are made of: each tries one thing that an enrollment needs, and one that
// can't be tried says so instead of failing for another's reason.

import type { MetadataClient } from '../../metadata/index.ts'
import type { DpopKey } from '../enroll/dpop-key.ts'
import type { Challenge } from '../enroll/enrollment.ts'
import type { PublicKey } from '../../token/public-key.ts'
import type { NoAnswer } from '../no-answer.ts'
import type { ServiceAnswer } from '../service-call.ts'

/** What is to be tried. */
export interface DoctorOptions {
  /** The service's name and address. */
  readonly issuer: string
  readonly role?: string | undefined
  readonly resource?: string | undefined
  readonly dpopKey?: DpopKey | undefined
  /** Whether to enroll for real. */
  readonly enroll: boolean
  /** Whether normal mode was said to be good enough. */
  readonly acceptsNormalMode: boolean
  /** Of the mode `auto`, so that what comes after the mode is tried whatever the mode is. */
  readonly metadata: MetadataClient
  /** Of the mode `hardened`. */
  readonly hardened: MetadataClient
}

/** What earlier checks found out, for later ones. */
export interface Findings {
  document?: string
  /** The answer to the first call of the service, and the middle of the time it took, Unix ms. */
  health?: ServiceAnswer | NoAnswer
  healthAtMs?: number
  keys?: readonly PublicKey[]
  challenge?: Challenge
  pkcs7?: string
}

/** How a check ended. */
export interface Outcome {
  readonly state: 'ok' | 'failed' | 'skipped'
  readonly detail: string
  /** What to do about it, of those that failed. */
  readonly remedy?: string
}

/** The checks, in the order in which an enrollment needs them. */
export type CheckName =
  | 'metadata service'
  | 'hardened mode'
  | 'document'
  | 'clock'
  | 'service'
  | 'ledger'
  | 'discovery'
  | 'keys'
  | 'challenge'
  | 'signature'
  | 'enrollment'

/** One check. */
export interface Check {
  readonly name: CheckName
  /** Checks that must not have failed or been skipped, else this can't be tried. */
  readonly needs: readonly CheckName[]
  run(options: DoctorOptions, findings: Findings): Promise<Outcome>
}

export const ok = (detail: string): Outcome => ({ state: 'ok', detail })
export const failed = (detail: string, remedy: string): Outcome => ({
  state: 'failed',
  detail,
  remedy,
})
export const skipped = (detail: string): Outcome => ({ state: 'skipped', detail })

/** Runs checks one after another. @yields each as soon as it has ended */
export async function* runChecks(
  checks: readonly Check[],
  options: DoctorOptions,
): AsyncGenerator<Outcome & { readonly name: CheckName }> {
  const good = new Set<CheckName>()
  const findings: Findings = {}
  for (const { name, needs, run } of checks) {
    const missing = needs.find((need) => !good.has(need))
    const outcome =
      missing === undefined
        ? await run(options, findings)
        : skipped(`not tried: it needs what "${missing}" could not show`)
    if (outcome.state === 'ok') good.add(name)
    yield { name, ...outcome }
  }
}
