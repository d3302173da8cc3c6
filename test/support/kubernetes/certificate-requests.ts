// CertificateSigningRequests on the stand-in API server: what the server writes into them, what may change later, and the
// rules for kubelets (Kubernetes `pkg/apis/certificates/helpers.go`).

import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { Buffer } from 'node:buffer'
import { ApiError } from './api-error.ts'
import type { Authorizer } from './authorizer.ts'
import type { KubeObject, Metadata } from './resources.ts'
import type { User } from './user.ts'

/** A condition of its status. */
export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastUpdateTime?: string
  readonly lastTransitionTime?: string
}

/** A CertificateSigningRequest. */
export interface Csr extends KubeObject {
  readonly metadata: Metadata
  readonly spec: {
    /** Base64 of PEM. */
    readonly request: string
    readonly signerName: string
    readonly usages: readonly string[]
    readonly expirationSeconds?: number
    readonly username?: string
    readonly uid?: string
    readonly groups?: readonly string[]
    readonly extra?: Readonly<Record<string, readonly string[]>>
  }
  readonly status: { readonly conditions?: readonly Condition[]; readonly certificate?: string }
}

export const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet'
export const KUBELET_SERVING = 'kubernetes.io/kubelet-serving'
export const API_CLIENT = 'kubernetes.io/kube-apiserver-client'

const invalid = (csr: KubeObject, what: string): ApiError =>
  new ApiError('Invalid', `CertificateSigningRequest "${csr.metadata.name}" is invalid: ${what}`)

/** Reads `spec.request`. @throws Error if it is not a request */
export const readRequest = ({ spec }: Csr): x509.Pkcs10CertificateRequest => {
  const pem = Buffer.from(spec.request, 'base64').toString('latin1')
  const [, body] =
    /-----BEGIN CERTIFICATE REQUEST-----([\s\S]*?)-----END CERTIFICATE REQUEST-----/.exec(pem) ?? []
  if (body === undefined) throw new Error('PEM block type must be CERTIFICATE REQUEST')
  return new x509.Pkcs10CertificateRequest(Buffer.from(body, 'base64'))
}

/** Whether a condition of a type is there. */
export const hasCondition = ({ status }: Csr, type: string): boolean =>
  (status.conditions ?? []).some((it) => it.type === type)

/** What the server makes of a new request: the user is the one who sends it, and there is no status. @throws ApiError */
export const newCsr = async (object: KubeObject, user: User): Promise<Csr> => {
  const { request, signerName, usages, expirationSeconds } = (object as Csr).spec ?? {}
  if (typeof request !== 'string') throw invalid(object, 'spec.request: Required value')
  if (typeof signerName !== 'string' || !/^[a-z0-9.-]+\/[\w./-]+$/.test(signerName)) {
    throw invalid(object, 'spec.signerName: Required value')
  }
  if (!Array.isArray(usages) || usages.length === 0) {
    throw invalid(object, 'spec.usages: Required value')
  }
  if (expirationSeconds !== undefined && expirationSeconds < 600) {
    throw invalid(
      object,
      'spec.expirationSeconds: may not specify a duration less than 600 seconds',
    )
  }
  const { username, uid, groups, extra } = user
  const csr: Csr = {
    ...object,
    spec: {
      request,
      signerName,
      usages,
      ...(expirationSeconds !== undefined && { expirationSeconds }),
      username,
      ...(uid !== undefined && { uid }),
      groups,
      ...(extra !== undefined && { extra }),
    },
    status: {},
  }
  const parsed = await Promise.resolve()
    .then(async () => {
      const it = readRequest(csr)
      return (await it.verify()) ? it : undefined
    })
    .catch(() => undefined)
  if (parsed === undefined) throw invalid(object, 'spec.request: Invalid value')
  const isMaster = parsed.subjectName.getField('O').includes('system:masters')
  if (signerName === API_CLIENT && isMaster) {
    throw new ApiError(
      'Forbidden',
      `use of ${signerName} signer with system:masters group is not allowed`,
    )
  }
  return csr
}

/** Refuses who may not act for a signer. @throws ApiError `Forbidden` */
export const requireSigner = (
  authorize: Authorizer,
  user: User,
  verb: 'approve' | 'sign',
  { metadata, spec }: Csr,
): void => {
  const [domain = ''] = spec.signerName.split('/')
  const asked = { verb, group: 'certificates.k8s.io', resource: 'signers' }
  const names = [spec.signerName, `${domain}/*`]
  if (names.some((name) => authorize(user, { ...asked, name }))) return
  throw new ApiError(
    'Forbidden',
    `certificatesigningrequests.certificates.k8s.io "${metadata.name}" is forbidden: user not permitted to ${verb} requests with signerName "${spec.signerName}"`,
  )
}

const DECISIONS: ReadonlySet<string> = new Set(['Approved', 'Denied'])

const decided = (conditions: readonly Condition[] = []): string[] =>
  conditions.filter(({ type }) => DECISIONS.has(type)).map(({ type }) => type)

/** `/approval`: only the conditions change, and a decision stays. @throws ApiError */
export const withApproval = (old: Csr, update: KubeObject): Csr => {
  const { conditions = [] } = (update as Csr).status ?? {}
  const [before, after] = [decided(old.status.conditions), decided(conditions)]
  if (new Set(after).size !== after.length || after.length > 1) {
    throw invalid(old, 'status.conditions: Approved and Denied conditions are mutually exclusive')
  }
  if (before.some((type) => !after.includes(type))) {
    throw invalid(old, 'status.conditions: updates may not remove a condition of type "Approved"')
  }
  if (conditions.some(({ type, status }) => DECISIONS.has(type) && status !== 'True')) {
    throw invalid(old, 'status.conditions[0].status: Invalid value')
  }
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  const times = { lastUpdateTime: now, lastTransitionTime: now }
  const dated = conditions.map((condition) => ({ ...times, ...condition }))
  return { ...old, metadata: update.metadata, status: { ...old.status, conditions: dated } }
}

/** `/status`: only the certificate and a failure change. @throws ApiError */
export const withStatus = (old: Csr, update: KubeObject): Csr => {
  const { conditions = [], certificate } = (update as Csr).status ?? {}
  if (String(decided(conditions)) !== String(decided(old.status.conditions))) {
    throw invalid(old, 'status.conditions: this endpoint may not add Approved/Denied conditions')
  }
  const issued = certificate === undefined ? {} : { certificate }
  return { ...old, metadata: update.metadata, status: { ...old.status, conditions, ...issued } }
}

const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17'

const namesOf = (request: x509.Pkcs10CertificateRequest): x509.JsonGeneralNames => {
  const extension = request.getExtension(SUBJECT_ALTERNATIVE_NAME)
  if (extension === null || extension === undefined) return []
  return new x509.SubjectAlternativeNameExtension(extension.rawData).names.toJSON()
}

const isUsages = (usages: readonly string[], purpose: string): boolean => {
  const required = [
    ['digital signature', purpose],
    ['digital signature', 'key encipherment', purpose],
  ]
  const given = String([...new Set(usages)].toSorted())
  return required.some((it) => String(it.toSorted()) === given)
}

const subjectProblem = (request: x509.Pkcs10CertificateRequest): string | undefined => {
  const [organizations, [name = '']] = ['O', 'CN'].map((it) =>
    request.subjectName.getField(it),
  ) as [string[], string[]]
  if (organizations.length !== 1 || organizations[0] !== 'system:nodes') {
    return 'subject organization is not system:nodes'
  }
  return name.startsWith('system:node:')
    ? undefined
    : 'subject common name does not begin with system:node:'
}

/** Why a request is not one of a kubelet for a client certificate. @returns `undefined` if it is one */
export const kubeletClientProblem = (csr: Csr): string | undefined => {
  const request = readRequest(csr)
  if (namesOf(request).length > 0) return 'subjectAltNames are not allowed'
  return subjectProblem(request) ?? usageProblem(csr, 'client auth')
}

/** Why a request is not one of a kubelet for a serving certificate. @returns `undefined` if it is one */
export const kubeletServingProblem = (csr: Csr): string | undefined => {
  const request = readRequest(csr)
  const types = namesOf(request).map(({ type }) => type)
  if (types.length === 0) return 'DNS or IP subjectAltName is required'
  if (types.some((type) => type !== 'dns' && type !== 'ip')) {
    return 'Email and URI subjectAltNames are not allowed'
  }
  return subjectProblem(request) ?? usageProblem(csr, 'server auth')
}

const usageProblem = ({ spec }: Csr, purpose: string): string | undefined =>
  isUsages(spec.usages, purpose)
    ? undefined
    : `usages did not match [digital signature key encipherment ${purpose}]`

/** The subject and the names that a request asks for. */
export const askedFor = (
  request: x509.Pkcs10CertificateRequest,
): { readonly subject: x509.JsonName; readonly names: x509.JsonGeneralNames } => ({
  subject: request.subjectName.toJSON(),
  names: namesOf(request),
})
