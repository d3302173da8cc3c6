/**
 * What an instance and an operator do with a service: `enrollInstance()`, `renewEnrollment()` and
 * `createOperatorClient()`.
 *
 * @module
 */

export type { Fetch, Reach, Retry } from './call.ts'
export type { CheckName, CheckOptions, Outcome } from './checks/check.ts'
export { CHECK_NAMES, type Diagnosis, diagnoseEnrollment } from './checks/diagnose.ts'
export { ClientError, type ClientErrorCode } from './client-error.ts'
export { type DpopKey, createDpopKey } from './dpop-key.ts'
export { type EnrollOptions, enrollInstance } from './enroll.ts'
export type { Ban, Instance, Introspection, Page } from './operator-answers.ts'
export {
  type BanName,
  type InstanceName,
  type OperatorClient,
  type OperatorClientOptions,
  type PageOptions,
  createOperatorClient,
} from './operator.ts'
export { checkIssuer } from './issuer.ts'
export { type PrivateKey, parsePrivateKey } from './private-key.ts'
export type { Enrolled, Purpose } from './protocol.ts'
export {
  type Candidate,
  type ForgetOutcome,
  type ForgetResult,
  type LivingInstances,
  type Place,
  type PrunePlan,
  forgetInstances,
  planPrune,
} from './prune.ts'
export { type RenewalFailure, type RenewOptions, renewEnrollment } from './renew.ts'
