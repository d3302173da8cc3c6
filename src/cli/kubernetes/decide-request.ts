// Decides about requests with the facts that each decision turns out to need: the record of an instance, the Nodes.

import { type AttestedAddresses, addressesOfRecord } from '../../admit/kubernetes/claims.ts'
import type { CsrObject, NodeAddresses } from '../../admit/kubernetes/csr-object.ts'
import { readNodeAddresses } from '../../admit/kubernetes/csr-object.ts'
import {
  type CsrDecision,
  type CsrFacts,
  type CsrRules,
  decideCsr,
  requestingNode,
} from '../../admit/kubernetes/decide-csr.ts'
import type { TokenAddresses } from '../../admit/kubernetes/token-addresses.ts'
import type { Timing } from '../../base/timing.ts'
import type { ApiServer } from './api-server.ts'
import { listPages } from './list-pages.ts'
import { type RecordLookup, findRecords } from './node-records.ts'

const NODES_PAGE_LIMIT = 100

const readNodes = async (server: ApiServer): Promise<readonly NodeAddresses[]> => {
  const nodes: NodeAddresses[] = []
  for await (const { items } of listPages(server, '/api/v1/nodes', NODES_PAGE_LIMIT)) {
    nodes.push(...items.map(readNodeAddresses).filter((node) => node !== undefined))
  }
  return nodes
}

/** Decides about a request. @throws ApiServerError if the Nodes cannot be read */
export type DecideRequest = (csr: CsrObject, older: CsrFacts['older']) => Promise<CsrDecision>

/** What decisions are made from. */
export interface DecideOptions {
  readonly server: ApiServer
  readonly rules: CsrRules
  /** How records are found; absent: none is asked for. */
  readonly records?: RecordLookup | undefined
  /** What attests other Nodes if no record is asked for. */
  readonly tokenAddresses: TokenAddresses
  readonly timing: Timing
}

/** Makes the decisions of one walk: what was looked up counts until its end. */
export const decideRequests = (options: DecideOptions): DecideRequest => {
  const { server, rules, records, tokenAddresses, timing } = options
  const find = records === undefined ? undefined : findRecords(records)
  let nodes: readonly NodeAddresses[] | undefined

  const attest = async (
    names: readonly string[],
  ): Promise<ReadonlyMap<string, AttestedAddresses>> => {
    const attested = new Map<string, AttestedAddresses>()
    for (const name of names) {
      attested.set(
        name,
        find === undefined ? tokenAddresses.of(name) : addressesOfRecord(await find(name)),
      )
    }
    return attested
  }

  return async (csr, older) => {
    let facts: CsrFacts = { now: timing.now(), older, nodes }
    let decision = await decideCsr(csr, facts, rules)
    const node = requestingNode(csr, rules)
    if (decision.reason === 'AddressUnknown' && find !== undefined && node.ok) {
      facts = { ...facts, record: await find(node.value) }
      decision = await decideCsr(csr, facts, rules)
    }
    if (decision.reason === 'NodesUnknown' && nodes === undefined) {
      nodes = await readNodes(server)
      facts = { ...facts, nodes }
      decision = await decideCsr(csr, facts, rules)
    }
    // Whether the other Nodes that claim the address have it: any kubelet can write it into its own Node.
    if (decision.lookUp !== undefined) {
      facts = { ...facts, attested: await attest(decision.lookUp) }
      decision = await decideCsr(csr, facts, rules)
    }
    return decision
  }
}
