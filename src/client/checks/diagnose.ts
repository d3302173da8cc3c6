// Tries from this machine each thing that an enrollment needs, in the order in which it needs them.

import { type CheckName, type CheckOptions, type Outcome, runChecks } from './check.ts'
import { ENROLLMENT_CHECKS } from './enrollment.ts'
import { METADATA_CHECKS } from './metadata.ts'
import { SERVICE_CHECKS } from './service.ts'

const CHECKS = [...METADATA_CHECKS, ...SERVICE_CHECKS, ...ENROLLMENT_CHECKS]

/** The names of all checks, in their order. */
export const CHECK_NAMES: readonly CheckName[] = /* @__PURE__ */ CHECKS.map(({ name }) => name)

/** The result of one check. */
export interface Diagnosis extends Outcome {
  /** The check. */
  readonly name: CheckName
}

/**
 * Tries from this machine each thing that an enrollment needs, in the order of {@link CHECK_NAMES}.
 * @param options `enroll: true` enrolls for real, which counts as an enrollment of this instance
 * @returns a generator that yields the result of each check as soon as the check ends. It throws the reason of
 *   `signal`, and nothing else
 * @example
 * ```ts
 * import { diagnoseEnrollment } from 'rollcall/client'
 * import { createMetadataEmulator } from 'rollcall/emulator'
 * import { createMetadataClient } from 'rollcall/metadata'
 *
 * const { fetch } = await createMetadataEmulator()
 * const diagnoses = diagnoseEnrollment({
 *   issuer: 'http://localhost:8787',
 *   enroll: false,
 *   acceptsNormalMode: false,
 *   metadata: createMetadataClient({ fetch, mode: 'auto' }),
 *   hardened: createMetadataClient({ fetch }),
 *   fetch: async () => Response.json({}, { status: 502 }),
 * })
 * for await (const { name, state } of diagnoses) {
 *   if (name === 'document') {
 *     console.log(state) // ok
 *   }
 * }
 * ```
 */
export const diagnoseEnrollment = (
  options: CheckOptions,
): AsyncGenerator<Diagnosis, void, undefined> => runChecks(CHECKS, options)
