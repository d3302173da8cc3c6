// The approver at work: lists and watches CertificateSigningRequests, and decides about each that is pending. What it left
// is looked at again after each change, and once a minute. Who waits for a turn, waits for seconds.

import { canTokenAttest } from '../../admit/kubernetes/attestation.ts'
import type { CsrObject } from '../../admit/kubernetes/csr-object.ts'
import {
  type CsrDecision,
  type CsrRules,
  requestingNode,
} from '../../admit/kubernetes/decide-csr.ts'
import { NODE_USER_PREFIX } from '../../admit/kubernetes/node-user.ts'
import { createWaitingLine } from '../../admit/kubernetes/pending.ts'
import { createTokenAddresses } from '../../admit/kubernetes/token-addresses.ts'
import { type Backoff, type Timing, backoffSeconds } from '../../base/timing.ts'
import { ApiServerError } from './api-error.ts'
import type { ApiServer } from './api-server.ts'
import {
  type CsrChange,
  type ListedCsr,
  WATCH_SECONDS,
  isGone,
  listCsrs,
  readCsrAgain,
  watchCsrs,
  writeCondition,
} from './certificate-requests.ts'
import { decideRequests } from './decide-request.ts'
import { type RecordLookup, namesOfInstances } from './node-records.ts'

/** What the approver works with. */
export interface ApproverOptions {
  readonly server: ApiServer
  readonly rules: Omit<CsrRules, 'needsRecord'>
  /** How records are found; then each node needs one. Absent: only tokens of the last hour attest a node. */
  readonly records?: RecordLookup | undefined
  /** Whether nothing is written. */
  readonly dryRun: boolean
  readonly timing: Timing
  /** Ends the work after the request at hand. */
  readonly signal: AbortSignal
  /** Receives each decision, and what was left once for each reason. */
  readonly onDecision: (csr: ListedCsr['csr'], decision: CsrDecision) => void
  /** Receives each failure that is retried. */
  readonly onFailure: (message: string) => void
}

const BACKOFF: Backoff = { firstSeconds: 1, maxSeconds: 60 }
/** After how long the next ones have their turn, if there are more requests than a walk has places. */
const TURN_SECONDS = 5
/** A server that ends watches at once must not be asked in a busy loop. */
const MIN_WATCH_SECONDS = 1
/** How often a request that changes meanwhile is decided anew in one walk. */
const MAX_CONFLICTS = 3

/** A request whose condition was not written so often is tried again in the walks of each minute only. */
const MAX_HURRIED_TRIES = 5

/** Whether the server, or the approver's credentials, fail for every request; else only this one can't be written. */
const isGeneral = ({ httpStatus }: ApiServerError): boolean =>
  httpStatus === undefined || httpStatus === 401 || httpStatus === 429

/** Those whose decision does not change need no place. */
const NOBODY_BEFORE = { ofUser: 0, inAll: 0 }

/** What became of a request in a walk: `kept` ones were looked at, and stay pending; `waiting` ones were not. */
type Outcome = 'settled' | 'kept' | 'waiting'

const outcomeOf = ({ reason }: CsrDecision): Outcome => {
  if (reason === 'TooManyOfUser' || reason === 'TooManyPending') return 'waiting'
  return reason === 'AlreadyDecided' || reason === 'NotAttested' ? 'settled' : 'kept'
}

/** Decides about all requests that are pending. */
export interface Approver {
  /** Lists, and looks at each request. @throws ApiServerError, also if a condition could not be written */
  once(): Promise<void>
  /** Goes on until the signal; failures are retried. */
  forever(): Promise<void>
}

/** Makes an approver. It sends nothing yet. */
export const createApprover = (options: ApproverOptions): Approver => {
  const { server, records, dryRun, timing, signal, onDecision, onFailure } = options
  // A ban is only in the record, so a token alone is not enough where the record can be asked for.
  const rules: CsrRules = { ...options.rules, needsRecord: records !== undefined }
  const isNameOfInstance = records && namesOfInstances(records)
  const line = createWaitingLine(rules)
  const { issuer, clientUsers } = rules
  const userPrefixes = [
    NODE_USER_PREFIX,
    ...(clientUsers === undefined ? [] : [clientUsers.prefix]),
  ]
  const tokenAddresses = createTokenAddresses({ issuer, userPrefixes })
  const known = new Map<string, ListedCsr>()
  /** The reason that was last reported of each request. */
  const reported = new Map<string, string>()
  /**
   * Requests that were decided in a dry run, that the server never takes, or that nothing will ever attest. Another look
   * changes nothing, so they take no place.
   */
  const settled = new Set<string>()
  /** How often the condition of a request could not be written. */
  const unwritten = new Map<string, number>()
  /** The first such failure of a walk. */
  let writeFailure: ApiServerError | undefined

  const report = (csr: ListedCsr['csr'], decision: CsrDecision): void => {
    if (reported.get(csr.uid) === decision.reason) return
    reported.set(csr.uid, decision.reason)
    onDecision(csr, decision)
  }

  const forget = (uid: string): void => {
    known.delete(uid)
    reported.delete(uid)
    settled.delete(uid)
    unwritten.delete(uid)
    line.forget(uid)
  }

  /** Whether the user of a request has no token that could attest it, and no record ever will. */
  const isHopeless = (csr: CsrObject): boolean => {
    if (isNameOfInstance === undefined) return !canTokenAttest(csr, timing.now(), rules)
    const node = requestingNode(csr, rules)
    return node.ok && !isNameOfInstance(node.value)
  }

  /**
   * Goes on after a condition that could not be written, for example of a request that has no room for it in etcd:
   * otherwise this one request would keep out all behind it. It stays pending, behind those that wait.
   */
  const leaveUnwritten = ({ uid, name }: CsrObject, error: ApiServerError): Outcome => {
    const tries = (unwritten.get(uid) ?? 0) + 1
    unwritten.set(uid, tries)
    writeFailure ??= error
    if (tries === 1) onFailure(`${name}: ${error.message}; it is tried again after the others`)
    return 'kept'
  }

  const carryOut = async (
    listed: ListedCsr,
    decide: (csr: CsrObject) => Promise<CsrDecision>,
    reportsWaiting: boolean,
  ): Promise<Outcome> => {
    let current = listed
    for (let tries = 1; ; tries++) {
      const { csr } = current
      const decision = await decide(csr)
      if (decision.decision === 'leave') {
        const outcome = outcomeOf(decision)
        if (outcome !== 'waiting' || reportsWaiting) report(csr, decision)
        return outcome
      }
      if (dryRun) {
        report(csr, decision)
        return 'settled'
      }
      try {
        known.set(csr.uid, await writeCondition(server, current, decision, timing.now()))
        unwritten.delete(csr.uid)
        report(csr, decision)
        return 'settled'
      } catch (error) {
        if (!(error instanceof ApiServerError) || isGeneral(error)) throw error
        const { httpStatus: status } = error
        if (status === 400 || status === 422) {
          onFailure(`${csr.name}: ${error.message}; it is not tried again`)
          return 'settled'
        }
        if ((status !== 409 && status !== 404) || tries > MAX_CONFLICTS) {
          return leaveUnwritten(csr, error)
        }
        const again = await readCsrAgain(server, current)
        if (again === undefined) {
          forget(csr.uid)
          return 'settled'
        }
        known.set(csr.uid, again)
        current = again
      }
    }
  }

  /** @returns whether requests wait that no walk has looked at */
  const walk = async (reportsWaiting: boolean): Promise<boolean> => {
    const decide = decideRequests({ server, rules, records, tokenAddresses, timing })
    const csrs = [...known.values()].map((it) => it.csr)
    if (records === undefined) tokenAddresses.see(csrs, timing.now())
    const { requests, before, canWait, isNew, wait, keep } = line.walk(csrs)
    let areWaiting = false
    writeFailure = undefined
    for (const { uid } of requests) {
      if (signal.aborted) return false
      const listed = known.get(uid)
      if (listed === undefined || settled.has(uid)) continue
      if (canWait(listed.csr)) {
        areWaiting ||= isNew(listed.csr)
        continue
      }
      const hopeless = isHopeless(listed.csr)
      const older = hopeless ? NOBODY_BEFORE : before(listed.csr)
      const outcome = await carryOut(listed, (csr) => decide(csr, older), reportsWaiting)
      if (outcome === 'waiting') {
        areWaiting = true
        wait(listed.csr)
      } else if (outcome === 'kept' && !hopeless) keep(listed.csr)
      else if (known.has(uid)) settled.add(uid)
    }
    return areWaiting
  }

  /** @returns the version that the list has */
  const list = async (): Promise<string> => {
    const { listed, resourceVersion } = await listCsrs(server)
    const present = new Set(listed.map(({ csr }) => csr.uid))
    for (const uid of known.keys()) if (!present.has(uid)) forget(uid)
    for (const it of listed) known.set(it.csr.uid, it)
    return resourceVersion
  }

  const apply = (change: CsrChange): void => {
    if (change.kind === 'present') known.set(change.listed.csr.uid, change.listed)
    if (change.kind === 'deleted') forget(change.uid)
  }

  /** Whether a condition that was not written is worth another try within seconds. */
  const isRetriedSoon = (): boolean =>
    writeFailure !== undefined &&
    [...unwritten.values()].some((tries) => tries <= MAX_HURRIED_TRIES)

  /** Watches until something fails. @param areWaiting whether the walk before left requests that it did not look at */
  const follow = async (from: string, areWaiting: boolean): Promise<never> => {
    let version = from
    for (let isHurried = areWaiting; ;) {
      const startedAt = timing.elapsed()
      const seconds = isHurried || isRetriedSoon() ? TURN_SECONDS : WATCH_SECONDS
      isHurried = false
      for await (const changes of watchCsrs(server, version, seconds)) {
        changes.forEach(apply)
        for (const change of changes) if (change.kind === 'at') version = change.resourceVersion
        isHurried = await walk(true)
        signal.throwIfAborted()
        if (isHurried) break
      }
      if (!isHurried) isHurried = await walk(true)
      const rest = MIN_WATCH_SECONDS - (timing.elapsed() - startedAt)
      if (rest > 0) await timing.wait(rest, signal)
    }
  }

  return {
    async once() {
      await list()
      let failure: ApiServerError | undefined
      for (let goesOn = true; goesOn; failure ??= writeFailure) goesOn = await walk(false)
      if (failure !== undefined) throw failure
    },
    async forever() {
      for (let failures = 1; !signal.aborted; failures++) {
        try {
          const version = await list()
          const areWaiting = await walk(true)
          failures = 0
          await follow(version, areWaiting)
        } catch (error) {
          if (signal.aborted) return
          if (!(error instanceof ApiServerError)) throw error
          const waitSeconds = backoffSeconds(Math.max(1, failures), BACKOFF, timing.random())
          if (!isGone(error)) {
            onFailure(`${error.message}; retrying in ${waitSeconds.toFixed(1)} s`)
          }
          await timing.wait(waitSeconds, signal).catch(() => undefined)
        }
      }
    },
  }
}
