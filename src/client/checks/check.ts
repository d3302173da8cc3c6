// What the checks are made of: each tries one thing that an enrollment needs, and one that cannot be tried says so
// instead of failing for another's reason.

import type { MetadataClient } from '../../metadata/index.ts'
import type { PublicKey } from '../../token/public-key.ts'
import type { Reading } from '../answer.ts'
import type { KeyInstance } from '../key-instance.ts'
import type { Challenge, Purpose } from '../protocol.ts'
import { type CheckWords, LIBRARY_WORDS } from './words.ts'

/** What is to be tried. */
export interface CheckOptions extends Purpose {
  /** Whether to enroll for real: it counts as an enrollment of this instance. */
  readonly enroll: boolean
  /** Whether normal mode is good enough. */
  readonly acceptsNormalMode: boolean
  /** Of the mode `auto`, so that what comes after the mode is tried whatever the mode is. */
  readonly metadata: MetadataClient
  /** Of the mode `hardened`. */
  readonly hardened: MetadataClient
  /** How remedies name what the reader can do. Default: by the names of this library. */
  readonly words?: CheckWords | undefined
}

/** What earlier checks found out, for later ones. */
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
  /** What to do about it, of those that failed. */
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
  /** Checks that must not have failed or been skipped, else this can't be tried. */
  readonly needs: readonly CheckName[]
  run(options: CheckOptions, findings: Findings): Promise<Outcome>
}

/** How remedies name what the reader can do. */
export const wordsOf = ({ words = LIBRARY_WORDS }: CheckOptions): CheckWords => words

/** The thing works. */
export const ok = (detail: string): Outcome => ({ state: 'ok', detail })
/** It does not. @param remedy what to do about it */
export const failed = (detail: string, remedy: string): Outcome => ({
  state: 'failed',
  detail,
  remedy,
})
/** It was not tried. */
export const skipped = (detail: string): Outcome => ({ state: 'skipped', detail })

/** Runs checks one after another. @yields each as soon as it has ended */
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
