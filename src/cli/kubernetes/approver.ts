// The approver at work: lists and watches CertificateSigningRequests, and decides about each that is pending. What it left
// is looked at again after each change, and once a minute.

import type { NodeAddresses } from '../../admit/kubernetes/csr-object.ts'
import { readNodeAddresses } from '../../admit/kubernetes/csr-object.ts'
import {
  type CsrDecision,
  type CsrFacts,
  type CsrRules,
  decideCsr,
  requestingNode,
} from '../../admit/kubernetes/decide-csr.ts'
import { countLeft, pendingRequests } from '../../admit/kubernetes/pending.ts'
import { type Backoff, type Timing, backoffSeconds } from '../../base/timing.ts'
import { ApiServerError } from './api-error.ts'
import type { ApiServer } from './api-server.ts'
import {
  type CsrChange,
  type ListedCsr,
  isGone,
  listCsrs,
  readCsrAgain,
  watchCsrs,
  writeCondition,
} from './certificate-requests.ts'
import { listPages } from './list-pages.ts'
import { type RecordLookup, findRecords } from './node-records.ts'

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
const NODES_PAGE_LIMIT = 100
/** A server that ends watches at once must not be asked in a busy loop. */
const MIN_WATCH_SECONDS = 1
/** How often a request that changes meanwhile is decided anew in one walk. */
const MAX_CONFLICTS = 3

const readNodes = async (server: ApiServer): Promise<readonly NodeAddresses[]> => {
  const nodes: NodeAddresses[] = []
  for await (const { items } of listPages(server, '/api/v1/nodes', NODES_PAGE_LIMIT)) {
    nodes.push(...items.map(readNodeAddresses).filter((node) => node !== undefined))
  }
  return nodes
}

/** Decides about all requests that are pending. */
export interface Approver {
  /** Lists, and decides once. @throws ApiServerError */
  once(): Promise<void>
  /** Goes on until the signal; failures are retried. */
  forever(): Promise<void>
}

/** Makes an approver. It sends nothing yet. */
export const createApprover = (options: ApproverOptions): Approver => {
  const { server, records, dryRun, timing, signal, onDecision, onFailure } = options
  // A ban is only in the record, so a token alone is not enough where the record can be asked for.
  const rules: CsrRules = { ...options.rules, needsRecord: records !== undefined }
  const known = new Map<string, ListedCsr>()
  /** The reason that was last reported of each request. */
  const reported = new Map<string, string>()
  /** Requests that were decided in a dry run, or that the server never takes: another try changes nothing. */
  const settled = new Set<string>()

  const report = (csr: ListedCsr['csr'], decision: CsrDecision): void => {
    if (reported.get(csr.uid) === decision.reason) return
    reported.set(csr.uid, decision.reason)
    onDecision(csr, decision)
  }

  /** Decides with the facts that the decision turns out to need. The caller keeps them for one walk. */
  const decider = (): ((
    csr: ListedCsr['csr'],
    older: CsrFacts['older'],
  ) => Promise<CsrDecision>) => {
    const find = records === undefined ? undefined : findRecords(records)
    let nodes: readonly NodeAddresses[] | undefined
    return async (csr, older) => {
      let facts: CsrFacts = { now: timing.now(), older, nodes }
      let decision = await decideCsr(csr, facts, rules)
      const node = requestingNode(csr, rules)
      if (decision.reason === 'AddressUnknown' && find !== undefined && node.ok) {
        facts = { ...facts, record: await find(node.value) }
        decision = await decideCsr(csr, facts, rules)
      }
      if (decision.reason === 'NodesUnknown') {
        nodes = await readNodes(server)
        decision = await decideCsr(csr, { ...facts, nodes }, rules)
      }
      return decision
    }
  }

  /** @returns whether the request is decided now */
  const carryOut = async (
    listed: ListedCsr,
    decide: (csr: ListedCsr['csr']) => Promise<CsrDecision>,
  ): Promise<boolean> => {
    let current = listed
    for (let tries = 1; ; tries++) {
      const { csr } = current
      const decision = await decide(csr)
      if (decision.decision === 'leave' || dryRun) {
        report(csr, decision)
        if (decision.decision === 'leave') return decision.reason === 'AlreadyDecided'
        settled.add(csr.uid)
        return true
      }
      try {
        known.set(csr.uid, await writeCondition(server, current, decision, timing.now()))
        report(csr, decision)
        return true
      } catch (error) {
        const status = error instanceof ApiServerError ? error.httpStatus : undefined
        if (status === 400 || status === 422) {
          onFailure(`${csr.name}: ${(error as Error).message}; it is not tried again`)
          settled.add(csr.uid)
          return false
        }
        if ((status !== 409 && status !== 404) || tries > MAX_CONFLICTS) throw error
        const again = await readCsrAgain(server, current)
        if (again === undefined) {
          known.delete(csr.uid)
          return true
        }
        known.set(csr.uid, again)
        current = again
      }
    }
  }

  const walk = async (): Promise<void> => {
    const decide = decider()
    const left = countLeft()
    for (const { uid } of pendingRequests(
      [...known.values()].map(({ csr }) => csr),
      rules,
    )) {
      if (signal.aborted) return
      const listed = known.get(uid)
      if (listed === undefined || (dryRun && settled.has(uid))) continue
      const isDecided =
        !settled.has(uid) &&
        (await carryOut(listed, (csr) => decide(csr, left.before(csr.username))))
      if (!isDecided) left.add(listed.csr)
    }
  }

  const forget = (uid: string): void => {
    known.delete(uid)
    reported.delete(uid)
    settled.delete(uid)
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

  /** Watches until something fails. */
  const follow = async (from: string): Promise<never> => {
    for (let version = from; ;) {
      const startedAt = timing.elapsed()
      for await (const changes of watchCsrs(server, version)) {
        changes.forEach(apply)
        for (const change of changes) if (change.kind === 'at') version = change.resourceVersion
        await walk()
        signal.throwIfAborted()
      }
      await walk()
      const rest = MIN_WATCH_SECONDS - (timing.elapsed() - startedAt)
      if (rest > 0) await timing.wait(rest, signal)
    }
  }

  return {
    async once() {
      await list()
      await walk()
    },
    async forever() {
      for (let failures = 1; !signal.aborted; failures++) {
        try {
          const version = await list()
          await walk()
          failures = 0
          await follow(version)
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
