// The parts of the checks. Each check tries one thing that an enrollment needs. If an earlier
// failure makes a check impossible, it is reported as not tried.

import type { MetadataClient } from '../../metadata/index.ts'
import type { PublicKey } from '../../token/public-key.ts'
import type { Reading } from '../answer.ts'
import type { KeyInstance } from '../key-instance.ts'
import type { Challenge, Purpose } from '../protocol.ts'
import { type CheckWords, LIBRARY_WORDS } from './words.ts'

/** Options of the checks. */
export interface CheckOptions extends Purpose {
  /** Whether to enroll for real: it counts as an enrollment of this instance. */
  readonly enroll: boolean
  /** Whether normal mode is accepted. */
  readonly acceptsNormalMode: boolean
  /** Metadata client of the mode `auto`, so that later checks run in any mode. */
  readonly metadata: MetadataClient
  /** Metadata client of the mode `hardened`. */
  readonly hardened: MetadataClient
  /** Words of the remedies. Default: the names of this library. */
  readonly words?: CheckWords | undefined
}

/** Results of earlier checks, for later ones. */
export interface Findings {
  document?: string
  instance?: KeyInstance
  /** The `Date` of the metadata service and this machine's clock at that moment, Unix seconds. */
  metadataTime?: { readonly date: number; readonly at: number }
  /** Whether the metadata service answers requests without a token. */
  answersPlainly?: boolean
  /** The answer to the first call of the service, and the middle of the time it took, Unix seconds. */
  health?: Reading
  healthAt?: number
  keys?: readonly PublicKey[]
  challenge?: Challenge
  pkcs7?: string
}

/** How a check ended. */
export interface Outcome {
  /** `ok`: it works. `failed`: it does not. `skipped`: it was not tried. */
  readonly state: 'ok' | 'failed' | 'skipped'
  /** What was found, in one line. */
  readonly detail: string
  /** What to do about it, if the check failed. */
  readonly remedy?: string
}

/** The checks, in the order in which an enrollment needs them. */
export type CheckName =
  | 'metadata service'
  | 'hardened mode'
  | 'document'
  | 'key'
  | 'clock'
  | 'service'
  | 'ledger'
  | 'discovery'
  | 'keys'
  | 'challenge'
  | 'signature'
  | 'role'
  | 'enrollment'

/** One check. */
export interface Check {
  readonly name: CheckName
  /** Checks that must have succeeded before this one is tried. */
  readonly needs: readonly CheckName[]
  run(options: CheckOptions, findings: Findings): Promise<Outcome>
}

/** Words of the remedies. */
export const wordsOf = ({ words = LIBRARY_WORDS }: CheckOptions): CheckWords => words

/** The check succeeded. */
export const ok = (detail: string): Outcome => ({ state: 'ok', detail })
/** The check failed. @param remedy what to do about it */
export const failed = (detail: string, remedy: string): Outcome => ({
  state: 'failed',
  detail,
  remedy,
})
/** The check was not tried. */
export const skipped = (detail: string): Outcome => ({ state: 'skipped', detail })

/** Runs checks one after another. @yields each result as soon as its check has ended */
export async function* runChecks(
  checks: readonly Check[],
  options: CheckOptions,
): AsyncGenerator<Outcome & { readonly name: CheckName }, void, undefined> {
  const good = new Set<CheckName>()
  const findings: Findings = {}
  for (const { name, needs, run } of checks) {
    const missing = needs.find((need) => !good.has(need))
    const outcome =
      missing === undefined
        ? await run(options, findings)
        : skipped(`not tried: it needs "${missing}"`)
    if (outcome.state === 'ok') good.add(name)
    yield { name, ...outcome }
  }
}
