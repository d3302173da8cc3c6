// Tries from this machine each thing that an enrollment needs, in the order in which it needs them.

import { type CheckName, type CheckOptions, type Outcome, runChecks } from './check.ts'
import { ENROLLMENT_CHECKS } from './enrollment.ts'
import { METADATA_CHECKS } from './metadata.ts'
import { SERVICE_CHECKS } from './service.ts'

const CHECKS = [...METADATA_CHECKS, ...SERVICE_CHECKS, ...ENROLLMENT_CHECKS]

/** The names of all checks, in their order. */
export const CHECK_NAMES: readonly CheckName[] = /* @__PURE__ */ CHECKS.map(({ name }) => name)

/** What came of one check. */
export interface Diagnosis extends Outcome {
  /** The check. */
  readonly name: CheckName
}

/** Tries each thing. @yields what came of it, as soon as it has ended. @throws the reason of `signal` */
export const diagnoseEnrollment = (
  options: CheckOptions,
): AsyncGenerator<Diagnosis, void, undefined> => runChecks(CHECKS, options)
