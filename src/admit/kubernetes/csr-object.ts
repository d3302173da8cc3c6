// The members of a CertificateSigningRequest (`certificates.k8s.io/v1`) and of a Node that a decision needs, read from the
// JSON of the API server. Everything else in them is left alone. Pure.

import { canonicalAddress } from './addresses.ts'

/** A CertificateSigningRequest. The API server writes the user; the user writes the rest of the spec. */
export interface CsrObject {
  readonly name: string
  readonly uid: string
  /** RFC 3339, to the second. */
  readonly createdAt: string
  readonly signerName: string
  readonly username: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
  readonly usages: readonly string[]
  /** Base64 of PEM. */
  readonly request: string
  /** Whether it has a condition or a certificate. */
  readonly isDecided: boolean
}

/** A Node and the addresses in its status. */
export interface NodeAddresses {
  readonly name: string
  /** In the form of `canonicalAddress()`; host names are left out. */
  readonly addresses: readonly string[]
  /** Whether it has the label of kubeadm for control plane machines. NodeRestriction lets no kubelet set it. */
  readonly isControlPlane: boolean
}

type Members = Readonly<Record<string, unknown>>

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const membersOf = (value: unknown): Members => (isMembers(value) ? value : {})

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const textsOf = (value: unknown): readonly string[] => listOf(value).map(textOf)

/**
 * Reads a CertificateSigningRequest. A member that is missing or of another type is empty, and no rule is met by that.
 * @returns `undefined` if the value is no object with a name and a uid
 */
export const readCsrObject = (value: unknown): CsrObject | undefined => {
  const [metadata, spec, status] = ['metadata', 'spec', 'status'].map((name) =>
    membersOf(membersOf(value)[name]),
  ) as [Members, Members, Members]
  const [name, uid] = [textOf(metadata['name']), textOf(metadata['uid'])]
  if (name === '' || uid === '') return undefined
  return {
    name,
    uid,
    createdAt: textOf(metadata['creationTimestamp']),
    signerName: textOf(spec['signerName']),
    username: textOf(spec['username']),
    groups: textsOf(spec['groups']),
    extra: Object.fromEntries(
      Object.entries(membersOf(spec['extra'])).map(([key, values]) => [key, textsOf(values)]),
    ),
    usages: textsOf(spec['usages']),
    request: textOf(spec['request']),
    isDecided: listOf(status['conditions']).length > 0 || textOf(status['certificate']) !== '',
  }
}

const CONTROL_PLANE_LABEL = 'node-role.kubernetes.io/control-plane'

/** Reads the addresses of a Node. @returns `undefined` if the value is no object with a name */
export const readNodeAddresses = (value: unknown): NodeAddresses | undefined => {
  const { metadata, status } = membersOf(value)
  const name = textOf(membersOf(metadata)['name'])
  if (name === '') return undefined
  const addresses = listOf(membersOf(status)['addresses'])
    .map((entry) => canonicalAddress(textOf(membersOf(entry)['address'])))
    .filter((address) => address !== undefined)
  const labels = membersOf(membersOf(metadata)['labels'])
  return { name, addresses, isControlPlane: Object.hasOwn(labels, CONTROL_PLANE_LABEL) }
}
