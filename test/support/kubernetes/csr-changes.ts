// What the stand-in API server makes of a new CertificateSigningRequest, and of a change by `/approval` or `/status`
// (Kubernetes `pkg/registry/certificates/certificates/strategy.go`).

import {
  API_CLIENT,
  type Condition,
  type Csr,
  forbidden,
  readRequest,
} from './certificate-requests.ts'
import { checkCsr, checkCsrChange } from './csr-validation.ts'
import type { KubeObject } from './resources.ts'
import type { User } from './user.ts'

/** What the server makes of a new request: the user is the one who sends it, and there is no status. @throws ApiError */
export const newCsr = async (object: KubeObject, user: User): Promise<Csr> => {
  const { request, signerName, usages, expirationSeconds } = ((object as Csr).spec ??
    {}) as Csr['spec']
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
  refuseMasters(csr)
  await checkCsr(csr)
  return csr
}

/** What the admission plug-in CertificateSubjectRestriction refuses. @throws ApiError `Forbidden` */
const refuseMasters = (csr: Csr): void => {
  const { signerName } = csr.spec
  if (signerName !== API_CLIENT) return
  let organizations: readonly string[]
  try {
    organizations = readRequest(csr).subjectName.getField('O')
  } catch (error) {
    throw forbidden(csr, `failed to parse CSR: ${(error as Error).message}`)
  }
  if (organizations.includes('system:masters')) {
    throw forbidden(csr, `use of ${signerName} signer with system:masters group is not allowed`)
  }
}

const withTimes = (
  conditions: readonly Condition[],
  { status: { conditions: before = [] } }: Csr,
): readonly Condition[] => {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  return conditions.map((condition) => {
    const old = before.find(
      ({ type, status }) => type === condition.type && status === condition.status,
    )
    const lastTransitionTime = old?.lastTransitionTime ?? now
    return { lastUpdateTime: now, lastTransitionTime, ...condition }
  })
}

/** `/approval`: only the conditions change, and a decision stays. @throws ApiError */
export const withApproval = (old: Csr, update: KubeObject): Csr => {
  const conditions = withTimes((update as Csr).status?.conditions ?? [], old)
  const changed = { ...old, metadata: update.metadata, status: { ...old.status, conditions } }
  checkCsrChange(old, changed, 'approval')
  return changed
}

/** `/status`: only the certificate and a failure change. @throws ApiError */
export const withStatus = (old: Csr, update: KubeObject): Csr => {
  const { conditions = [], certificate } = (update as Csr).status ?? {}
  const issued = certificate === undefined ? {} : { certificate }
  const status = { ...old.status, conditions: withTimes(conditions, old), ...issued }
  const changed = { ...old, metadata: update.metadata, status }
  checkCsrChange(old, changed, 'status')
  return changed
}
