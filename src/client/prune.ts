// Forgets the released instances of an account and region: it finds them by a list of the instances
// that exist, and forgets them one by one. Each is one atomic change, so an interrupted run leaves
// nothing half done, and the next run continues.

import { ClientError } from './client-error.ts'
import type { Instance } from './operator-answers.ts'
import type { InstanceName, OperatorClient } from './operator.ts'

/** A list of existing instances. */
export interface LivingInstances {
  /** Ids of the instances that exist. */
  readonly ids: ReadonlySet<string>
  /**
   * Unix seconds. An instance that first enrolled after this may have been created after the list,
   * so the list may lack it.
   */
  readonly knowsUntil: number
}

/** An account and region. */
export type Place = Pick<InstanceName, 'account' | 'region'>

/** An instance by its id. If two differ only in their serial number, the later times. */
export interface Candidate {
  /** Id of the instance. */
  readonly instanceId: string
  /** Unix seconds of the first enrollment; `undefined` when the service does not know. */
  readonly firstAt: number | undefined
  /** Unix seconds of the latest enrollment; `undefined` when the service does not know. */
  readonly lastAt: number | undefined
}

/** The result of reading all instances. */
export interface PrunePlan {
  /** Instances to forget. */
  readonly gone: readonly Candidate[]
  /** How many instances are in the list. */
  readonly living: number
  /** How many first enrolled after the list was made; they are kept. */
  readonly newer: number
}

const later = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : Math.max(a, b)

/** The instances of a place, each once, in whatever order the service lists them. */
const createCandidates = ({ account, region }: Place) => {
  const found = new Map<string, Candidate>()
  return {
    found,
    add(items: readonly Instance[]): void {
      for (const it of items) {
        if (it.owner_account_id !== account || it.region_id !== region) continue
        const { instance_id: instanceId, first_enrolled_at: first, last_enrolled_at: last } = it
        const other = found.get(instanceId)
        const firstAt = other === undefined ? first : later(first, other.firstAt)
        const lastAt = other === undefined ? last : later(last, other.lastAt)
        found.set(instanceId, { instanceId, firstAt, lastAt })
      }
    },
  }
}

/**
 * Reads every instance of an account and region, and finds the ones to forget. It changes nothing.
 * @param client from `createOperatorClient()`
 * @param place the account and region
 * @param living which instances exist, and until when the list is complete (Unix seconds)
 * @param onPage receives, after each page, how many pages were read and how many instances of the place were found.
 *   Default: ignored
 * @returns the plan; pass its `gone` to {@link forgetInstances}
 * @throws ClientError as `client.instances()` does
 * @example
 * ```ts
 * import { type Instance, planPrune } from 'rollcall/client'
 *
 * const instance = {
 *   owner_account_id: '1609123456789012',
 *   region_id: 'cn-hangzhou',
 *   instance_id: 'i-1',
 *   serial_number: 's-1',
 *   first_enrolled_at: 1_700_000_000,
 *   last_enrolled_at: 1_700_000_000,
 *   enrollments: 1,
 *   generation: 0,
 *   open: false,
 * }
 * // Yours comes from createOperatorClient().
 * const client = {
 *   async *instances() {
 *     yield { items: [instance] as Instance[], cursor: undefined }
 *   },
 * }
 * const place = { account: '1609123456789012', region: 'cn-hangzhou' }
 * const plan = await planPrune(client, place, { ids: new Set(), knowsUntil: 1_800_000_000 })
 * console.log(plan.gone.map(({ instanceId }) => instanceId).join()) // i-1
 * ```
 */
export const planPrune = async (
  client: Pick<OperatorClient, 'instances'>,
  place: Place,
  { ids, knowsUntil }: LivingInstances,
  onPage: (pages: number, found: number) => void = () => undefined,
): Promise<PrunePlan> => {
  const candidates = createCandidates(place)
  let pages = 0
  for await (const { items } of client.instances()) {
    candidates.add(items)
    onPage(++pages, candidates.found.size)
  }
  const all = [...candidates.found.values()]
  const dead = all.filter(({ instanceId }) => !ids.has(instanceId))
  // Without a time it is unknown whether the list should contain it.
  const gone = dead.filter(({ firstAt }) => firstAt !== undefined && firstAt <= knowsUntil)
  return { gone, living: all.length - dead.length, newer: dead.length - gone.length }
}

/** The result for an instance; `gone`: another operator or an earlier attempt has forgotten it. */
export type ForgetOutcome = 'forgotten' | 'gone' | 'failed' | 'not_tried'

/** The results of forgetting. */
export interface ForgetResult {
  /** By the ids of the instances. */
  readonly outcomes: ReadonlyMap<string, ForgetOutcome>
  /** Why some instances failed, each reason once. */
  readonly failures: readonly ClientError[]
}

const AT_ONCE = 8

/**
 * Whether the run must stop. It continues only if this call was refused, or failed inside the
 * service (500).
 */
const stops = ({ code, status }: ClientError): boolean =>
  code !== 'request_refused' && !(code === 'unavailable' && status === 500)

/**
 * Forgets instances of an account and region, eight at once. Each is one atomic change, so the next run continues
 * after one that was interrupted.
 * @param client from `createOperatorClient()`
 * @param place the account and region
 * @param instanceIds ids of the instances, as in `gone` of {@link planPrune}
 * @param options `signal`: once it is aborted, no further instance is forgotten; default: none.
 * `onProgress`: receives how
 *   many instances are done; default: ignored
 * @returns the result for each instance. A failure of the service ends the run, and the remaining
 * ones are `not_tried`
 * @throws any error that is not a `ClientError`
 * @example
 * ```ts
 * import { forgetInstances } from 'rollcall/client'
 *
 * const instance = {
 *   owner_account_id: '1609123456789012',
 *   region_id: 'cn-hangzhou',
 *   instance_id: 'i-1',
 *   serial_number: 's-1',
 *   first_enrolled_at: 1_700_000_000,
 *   last_enrolled_at: 1_700_000_000,
 *   enrollments: 1,
 *   generation: 0,
 *   open: false,
 * }
 * // Yours comes from createOperatorClient().
 * const client = { forget: async () => instance }
 * const place = { account: '1609123456789012', region: 'cn-hangzhou' }
 * const { outcomes } = await forgetInstances(client, place, ['i-1'])
 * console.log(outcomes.get('i-1')) // forgotten
 * ```
 */
export const forgetInstances = async (
  client: Pick<OperatorClient, 'forget'>,
  { account, region }: Place,
  instanceIds: readonly string[],
  {
    signal,
    onProgress = () => undefined,
  }: {
    readonly signal?: AbortSignal | undefined
    readonly onProgress?: ((count: number) => void) | undefined
  } = {},
): Promise<ForgetResult> => {
  const outcomes = new Map<string, ForgetOutcome>(instanceIds.map((id) => [id, 'not_tried']))
  const failures = new Map<string, ClientError>()
  const queue = instanceIds.values()
  let isStopped = false
  let count = 0

  const forget = async (instance: string): Promise<ForgetOutcome> => {
    try {
      await client.forget({ account, region, instance })
      return 'forgotten'
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      if (error.code === 'not_found') return 'gone'
      if (stops(error)) isStopped = true
      failures.set(error.message, error)
      return 'failed'
    }
  }

  const work = async (): Promise<void> => {
    for (const instance of queue) {
      outcomes.set(instance, await forget(instance))
      onProgress(++count)
      if (isStopped || signal?.aborted) return
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return { outcomes, failures: [...failures.values()] }
}
