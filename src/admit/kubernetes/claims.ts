// Whether another Node has the address that is attested for a node. A kubelet writes any addresses into the status of its
// own Node, so such a claim counts only if something else says the same: a record, a token, or the cluster's operator.
// Then an instance that ended may have had the address, or two networks overlap. Pure.

import { type Result, accept, refuse } from '../../base/result.ts'
import { printable } from '../../base/text.ts'
import type { NodeRecord, RecordProblem } from './attestation.ts'
import type { NodeAddresses } from './csr-object.ts'
import type { CsrRefusal } from './csr-reasons.ts'

/** The addresses that are attested for a Node. It is empty if nothing attests the Node. */
export type AttestedAddresses = readonly string[] | 'ServiceUnavailable'

/** What is known about other Nodes. */
export interface ClaimFacts {
  /** All Nodes of the cluster. Absent: they were not read. */
  readonly nodes?: readonly NodeAddresses[] | undefined
  /** By the name of a Node. A Node that is missing here was not looked up. */
  readonly attested?: ReadonlyMap<string, AttestedAddresses> | undefined
}

/** A refusal that may be decided differently when some Nodes are looked up. */
export interface ClaimRefusal extends CsrRefusal {
  /** Names of Nodes that `ClaimFacts.attested` must have. */
  readonly lookUp?: readonly string[]
}

const no = (refusal: ClaimRefusal): Result<never, ClaimRefusal> => refuse(refusal)

/**
 * Checks that no other attested Node has an address. The claim of a control plane machine counts, too: it does not enroll,
 * and NodeRestriction lets no kubelet set its label.
 * @param name the name of the node that the address is attested for
 * @returns refused with `NodesUnknown` if `nodes` is absent, or if the Nodes of `lookUp` are missing in `attested`
 */
export const checkClaims = (
  address: string,
  name: string,
  { nodes, attested = new Map() }: ClaimFacts,
): Result<undefined, ClaimRefusal> => {
  if (nodes === undefined) {
    return no({ reason: 'NodesUnknown', message: 'The Nodes of the cluster could not be read' })
  }
  const claims = nodes.filter((node) => node.name !== name && node.addresses.includes(address))
  const isAttested = (node: NodeAddresses): boolean => {
    const addresses = attested.get(node.name)
    return node.isControlPlane || (Array.isArray(addresses) && addresses.includes(address))
  }
  const owner = claims.find(isAttested)
  if (owner !== undefined) {
    const message = `The attested Node "${printable(owner.name)}" has the address ${address} in its status`
    return no({ reason: 'AddressOfOtherNode', message })
  }
  const lookUp = claims.map((node) => node.name).filter((other) => !attested.has(other))
  if (lookUp.length > 0) {
    const message = `It is not known whether ${address} is attested for another Node that has it`
    return no({ reason: 'NodesUnknown', message, lookUp })
  }
  if (claims.every((node) => attested.get(node.name) !== 'ServiceUnavailable')) {
    return accept(undefined)
  }
  const message = `rollcall could not be asked for the record of another Node that has ${address}`
  return no({ reason: 'ServiceUnavailable', message })
}

/** What the record of a Node attests. After a ban, a revocation or a reset it attests nothing. */
export const addressesOfRecord = (record: NodeRecord | RecordProblem): AttestedAddresses => {
  if (record === 'ServiceUnavailable') return record
  return record === 'NotEnrolled' || record.isRevoked ? [] : [record.address]
}
