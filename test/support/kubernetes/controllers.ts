// What kube-controller-manager does with CertificateSigningRequests, on the stand-in: the built-in approver (Kubernetes
// `pkg/controller/certificates/approver/sarapprove.go`) and the signers (`.../signer/signer.go`).

import type { Authority } from './authority.ts'
import type { Authorizer } from './authorizer.ts'
import {
  API_CLIENT,
  type Condition,
  type Csr,
  KUBELET_CLIENT,
  KUBELET_SERVING,
  askedFor,
  hasCondition,
  kubeletClientProblem,
  kubeletServingProblem,
  readRequest,
} from './certificate-requests.ts'
import { resourceOfKind } from './resources.ts'
import type { Store } from './store.ts'

const CSRS = resourceOfKind('certificates.k8s.io/v1', 'CertificateSigningRequest')
const MINUTE_MS = 60_000
const BACKDATE_MS = 5 * MINUTE_MS
/** The shortest life that a request can ask for. */
const MIN_SECONDS = 600
/** The end of certificates that live shorter is not backdated. */
const SHORT_SECONDS = 8 * 3600

/** What the controllers work with. */
export interface ControllerOptions {
  readonly store: Store
  readonly authorize: Authorizer
  readonly authority: Authority
  /** `--cluster-signing-duration`, in seconds. */
  readonly clusterSigningSeconds: number
}

/** Why the built-in approver approves a request. @returns `undefined` if it leaves it */
export const builtInApproval = (authorize: Authorizer, csr: Csr): string | undefined => {
  const { signerName, username = '', groups = [] } = csr.spec
  if (signerName !== KUBELET_CLIENT || kubeletClientProblem(csr) !== undefined) return undefined
  const may = (subresource: string): boolean =>
    authorize(
      { username, groups },
      {
        verb: 'create',
        group: 'certificates.k8s.io',
        resource: 'certificatesigningrequests',
        subresource,
      },
    )
  const [name] = readRequest(csr).subjectName.getField('CN')
  if (name === username && may('selfnodeclient')) {
    return 'Auto approving self kubelet client certificate after SubjectAccessReview.'
  }
  return may('nodeclient')
    ? 'Auto approving kubelet client certificate after SubjectAccessReview.'
    : undefined
}

const lifetimeSeconds = (asked: number | undefined, limit: number): number =>
  asked === undefined ? limit : Math.min(limit, Math.max(MIN_SECONDS, asked))

const PROBLEMS: Readonly<Record<string, (csr: Csr) => string | undefined>> = {
  [KUBELET_CLIENT]: kubeletClientProblem,
  [KUBELET_SERVING]: kubeletServingProblem,
  [API_CLIENT]: ({ spec }) =>
    spec.usages.includes('client auth') ? undefined : 'missing required usage: client auth',
}

const sign = async (csr: Csr, { authority, clusterSigningSeconds }: ControllerOptions) => {
  const request = readRequest(csr)
  const seconds = lifetimeSeconds(csr.spec.expirationSeconds, clusterSigningSeconds)
  const now = Date.now()
  const end = now + seconds * 1000 - (seconds < SHORT_SECONDS ? 0 : BACKDATE_MS)
  const pem = await authority.sign({
    ...askedFor(request),
    publicKey: request.publicKey,
    usages: csr.spec.usages,
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(end),
  })
  return Buffer.from(pem).toString('base64')
}

const condition = (type: string, reason: string, message: string): Condition => {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  const times = { lastUpdateTime: now, lastTransitionTime: now }
  return { type, status: 'True', reason, message, ...times }
}

/** Runs both controllers. @returns what ends them */
export const runControllers = (options: ControllerOptions): (() => void) => {
  const { store, authorize } = options

  const withCondition = (csr: Csr, added: Condition): Csr => ({
    ...csr,
    status: { ...csr.status, conditions: [...(csr.status.conditions ?? []), added] },
  })

  const step = async (csr: Csr): Promise<Csr | undefined> => {
    const isDone = csr.status.certificate !== undefined || hasCondition(csr, 'Failed')
    if (isDone || hasCondition(csr, 'Denied')) return undefined
    if (!hasCondition(csr, 'Approved')) {
      const message = builtInApproval(authorize, csr)
      if (message === undefined) return undefined
      return withCondition(csr, condition('Approved', 'AutoApproved', message))
    }
    const problemOf = PROBLEMS[csr.spec.signerName]
    if (problemOf === undefined) return undefined
    const problem = problemOf(csr)
    if (problem !== undefined) {
      return withCondition(csr, condition('Failed', 'SignerValidationFailure', problem))
    }
    return { ...csr, status: { ...csr.status, certificate: await sign(csr, options) } }
  }

  return store.watch(0, ({ type, resource, object }) => {
    if (type === 'DELETED' || resource.plural !== CSRS.plural) return
    // Later, as the real controllers, which watch the API server from outside.
    setImmediate(() => {
      const work = async (): Promise<void> => {
        const changed = await step(object as Csr)
        if (changed !== undefined) store.update(CSRS, '', changed)
      }
      // Another change came first: the controllers see that one too.
      work().catch(() => undefined)
    })
  })
}
