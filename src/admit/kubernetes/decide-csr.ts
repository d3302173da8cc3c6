// Whether a kubelet's CertificateSigningRequest is approved, denied or left: the rules of the approver. Pure: time, Nodes
// and records come in as facts. What is missing is named by the reason, so that a caller may look it up and ask again.

import { printable } from '../../base/text.ts'
import { type Result, accept, refuse } from '../../base/result.ts'
import { NODE_NAME_PATTERN } from '../../policy/node-name.ts'
import {
  type AttestationFacts,
  type AttestationRules,
  addressInExtra,
  attestedAddress,
} from './attestation.ts'
import { type ClaimFacts, type ClaimRefusal, checkClaims } from './claims.ts'
import { type RequestedNames, readCsr } from './csr.ts'
import type { CsrObject } from './csr-object.ts'
import { CSR_REASONS, type CsrAction, type CsrReason, type CsrRefusal } from './csr-reasons.ts'
import { NODE_GROUPS, NODE_USER_PREFIX } from './node-user.ts'

/** The signer of certificates that a kubelet serves with. */
export const SERVING_SIGNER = 'kubernetes.io/kubelet-serving'

/** The signer of certificates that a kubelet calls the API server with. */
export const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet'

/** Users of a cluster whose AuthenticationConfiguration gives instances names of its own. */
export interface ClientUsers {
  /** What their names begin with, such as `rollcall:`; the name of the node follows. */
  readonly prefix: string
  /** The group that all of them have, such as `system:bootstrappers:rollcall`. */
  readonly group: string
}

/** What the approver is configured with. */
export interface CsrRules extends AttestationRules {
  /** Who may have a first client certificate. Default: nobody; Kubernetes itself approves those of `system:node:` users. */
  readonly clientUsers?: ClientUsers | undefined
}

/** What is known at the time of a decision. */
export interface CsrFacts extends AttestationFacts, ClaimFacts {
  /** How many requests were looked at before this one in the same walk, and are still pending: `WaitingLine`. */
  readonly older: { readonly ofUser: number; readonly inAll: number }
}

/** What to do with a request, and why. */
export interface CsrDecision {
  readonly decision: CsrAction
  readonly reason: CsrReason
  /** One sentence for people, without secrets and without control characters. */
  readonly message: string
  /** With `NodesUnknown`: the Nodes that `CsrFacts.attested` must have. Absent: `CsrFacts.nodes` is needed. */
  readonly lookUp?: readonly string[]
}

/** How many requests of one user are looked at in a walk, of those that stay pending. A kubelet has one or two. */
const MAX_PENDING_OF_USER = 5

/** How many requests of nodes are looked at in a walk, of those that stay pending. */
const MAX_PENDING = 100

/** Whether a request that comes after so many others is looked at in this walk. */
export const hasPlace = ({ ofUser, inAll }: CsrFacts['older']): boolean =>
  ofUser < MAX_PENDING_OF_USER && inAll < MAX_PENDING

/** The usages of each signer (kubernetes `pkg/apis/certificates/helpers.go`); key encipherment may be absent. */
const AUTH_USAGE: Readonly<Record<string, string>> = {
  [SERVING_SIGNER]: 'server auth',
  [CLIENT_SIGNER]: 'client auth',
}

const MAX_SHOWN = 80

/** A text of a request, as a message may show it. */
const shown = (text: string): string => {
  const safe = printable(text)
  return `"${safe.length > MAX_SHOWN ? `${safe.slice(0, MAX_SHOWN)}...` : safe}"`
}

const no = (reason: CsrReason, message: string): Result<never, CsrRefusal> =>
  refuse({ reason, message })

/**
 * The name of the node that sent a request. The API server has written user and groups.
 * @returns the name; refused if the request is not one of those that this approver decides
 */
export const requestingNode = (csr: CsrObject, rules: CsrRules): Result<string, CsrRefusal> => {
  const { signerName, username, groups } = csr
  const users =
    signerName === SERVING_SIGNER
      ? { prefix: NODE_USER_PREFIX, group: NODE_GROUPS[0] }
      : signerName === CLIENT_SIGNER
        ? rules.clientUsers
        : undefined
  if (users === undefined) {
    return no('OtherSigner', `This approver does not serve the signer ${shown(signerName)}`)
  }
  const name = username.slice(users.prefix.length)
  const isNode = username.startsWith(users.prefix) && NODE_NAME_PATTERN.test(name)
  if (isNode && groups.includes(users.group)) return accept(name)
  return no('NotANode', `The user ${shown(username)} is no node of the group ${users.group}`)
}

const checkUsages = ({ signerName, usages }: CsrObject): Result<undefined, CsrRefusal> => {
  const asked = new Set(usages)
  // Optional: only RSA keys encipher keys.
  asked.delete('key encipherment')
  const wanted = ['digital signature', AUTH_USAGE[signerName] ?? '']
  return asked.size === wanted.length && wanted.every((usage) => asked.has(usage))
    ? accept(undefined)
    : no(
        'UsagesNotAllowed',
        `The usages must be ${wanted.join(', ')}, and optionally key encipherment`,
      )
}

/** What the request itself decides, at any time. */
const checkRequest = (
  { signerName }: CsrObject,
  name: string,
  asked: RequestedNames,
): Result<undefined, CsrRefusal> => {
  const { organization, commonName, dnsNames, addresses, others } = asked
  if (organization !== NODE_GROUPS[0]) {
    return no('OrganizationNotNodes', `O is ${shown(organization)}; it must be ${NODE_GROUPS[0]}`)
  }
  if (commonName !== NODE_USER_PREFIX + name) {
    const message = `CN is ${shown(commonName)}; this user may only have ${NODE_USER_PREFIX}${name}`
    return no('NameOfOther', message)
  }
  if (others.length > 0) {
    return no('NamesNotAllowed', `A certificate of a kubelet has no name of the kind ${others[0]}`)
  }
  if (signerName === CLIENT_SIGNER) {
    return dnsNames.length + addresses.length === 0
      ? accept(undefined)
      : no('NamesNotAllowed', 'A client certificate of a kubelet has no DNS name and no address')
  }
  if (dnsNames.length + addresses.length === 0) {
    return no('NamesMissing', 'A serving certificate needs a DNS name or an address')
  }
  const other = dnsNames.find((dns) => dns.toLowerCase() !== name)
  if (other === undefined) return accept(undefined)
  return no('DnsNameNotOfNode', `The DNS name ${shown(other)} is not the name of the node, ${name}`)
}

/** Compares the addresses that are asked for with the attested one. A request without addresses needs it too. */
const checkAddresses = (
  csr: CsrObject,
  name: string,
  asked: readonly string[],
  rules: CsrRules,
  facts: CsrFacts,
): Result<undefined, ClaimRefusal> => {
  const attested = attestedAddress(csr, name, facts, rules)
  if (!attested.ok) return attested
  if (asked.length === 0) return accept(undefined)
  const address = attested.value
  const other = asked.find((each) => each !== address)
  if (other !== undefined) {
    const message = `The address ${shown(other)} is not attested; the cloud signed ${shown(address)}`
    return no('AddressNotAttested', message)
  }
  return checkClaims(address, name, facts)
}

/** Limits what a flood of requests can reach. Wrong ones are denied before this, and do not stay pending. */
const checkCounts = ({ older }: CsrFacts): Result<undefined, CsrRefusal> => {
  if (hasPlace(older)) return accept(undefined)
  return older.ofUser >= MAX_PENDING_OF_USER
    ? no('TooManyOfUser', `${older.ofUser} requests of this user are pending before this one`)
    : no('TooManyPending', `${older.inAll} requests of nodes are pending before this one`)
}

const check = async (
  csr: CsrObject,
  facts: CsrFacts,
  rules: CsrRules,
): Promise<Result<undefined, ClaimRefusal>> => {
  if (csr.isDecided) return no('AlreadyDecided', 'The request has a condition or a certificate')
  const node = requestingNode(csr, rules)
  if (!node.ok) return node
  const name = node.value
  const usages = checkUsages(csr)
  if (!usages.ok) return usages
  const read = await readCsr(csr.request)
  if (!read.ok) return no(read.refusal.reason, `The request ${read.refusal.detail}`)
  const asked = read.value
  const request = checkRequest(csr, name, asked)
  if (!request.ok) return request
  if (csr.signerName === CLIENT_SIGNER && addressInExtra(csr, rules) === undefined) {
    return no(
      'NotAttested',
      'The user did not authenticate to the API server with a token of rollcall',
    )
  }
  const addresses = checkAddresses(csr, name, asked.addresses, rules, facts)
  if (!addresses.ok && CSR_REASONS[addresses.refusal.reason].action === 'deny') return addresses
  const counts = checkCounts(facts)
  return counts.ok ? addresses : counts
}

/**
 * Decides about one CertificateSigningRequest. Only the node's own attested name and address are ever approved.
 * @param csr from `readCsrObject()`
 * @param facts what is known now. `AddressUnknown` says that `record` is needed, `NodesUnknown` that `nodes` or some of
 *   `attested` are
 * @param rules what the approver is configured with
 * @returns the decision; its `reason` is a row of `CSR_REASONS`, which has its action
 */
export const decideCsr = async (
  csr: CsrObject,
  facts: CsrFacts,
  rules: CsrRules,
): Promise<CsrDecision> => {
  const checked = await check(csr, facts, rules)
  const reason = checked.ok ? 'Attested' : checked.refusal.reason
  const message = checked.ok
    ? 'rollcall attests every name and address of this request'
    : checked.refusal.message
  const lookUp = checked.ok ? undefined : checked.refusal.lookUp
  return { decision: CSR_REASONS[reason].action, reason, message, ...(lookUp && { lookUp }) }
}
