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

/** Reads `spec.request`. @throws Error if it is not a request */
export const readRequest = ({ spec }: Csr): x509.Pkcs10CertificateRequest => {
  const pem = Buffer.from(spec.request ?? '', 'base64').toString('latin1')
  const [, body] =
    /-----BEGIN CERTIFICATE REQUEST-----([\s\S]*?)-----END CERTIFICATE REQUEST-----/.exec(pem) ?? []
  if (body === undefined) throw new Error('PEM block type must be CERTIFICATE REQUEST')
  return new x509.Pkcs10CertificateRequest(Buffer.from(body, 'base64'))
}

/** Whether a condition of a type is there. */
export const hasCondition = ({ status }: Csr, type: string): boolean =>
  (status.conditions ?? []).some((it) => it.type === type)

/** What an admission plug-in answers about a request. */
export const forbidden = ({ metadata }: KubeObject, why: string): ApiError =>
  new ApiError(
    'Forbidden',
    `certificatesigningrequests.certificates.k8s.io "${metadata.name}" is forbidden: ${why}`,
  )

/** Refuses who may not act for a signer. @throws ApiError `Forbidden` */
export const requireSigner = (
  authorize: Authorizer,
  user: User,
  verb: 'approve' | 'sign',
  csr: Csr,
): void => {
  const { spec } = csr
  const [domain = ''] = spec.signerName.split('/')
  const asked = { verb, group: 'certificates.k8s.io', resource: 'signers' }
  const names = [spec.signerName, `${domain}/*`]
  if (names.some((name) => authorize(user, { ...asked, name }))) return
  throw forbidden(
    csr,
    `user not permitted to ${verb} requests with signerName "${csr.spec.signerName}"`,
  )
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
