// Whether a kubelet can renew its client certificate by showing the certificate itself. rollcall is not asked then, so a
// ban never ends the certificate. An admission policy of the cluster can demand a token. Pure.

import type { AdmissionPolicy, AdmissionPolicyBinding } from './check-objects.ts'
import type { Finding } from './check-findings.ts'

const NAME = 'renewal'

/** The attributes of a user, which a token of the service brings along and a certificate does not. */
const EXTRA = 'request.userInfo.extra'

const has = (values: readonly string[], value: string): boolean =>
  values.includes(value) || values.includes('*')

/** Whether a policy looks at who creates certificate requests. Its expressions are not evaluated. */
const looksAtRequests = ({ fails, rules, expressions }: AdmissionPolicy): boolean =>
  fails === 'Fail' &&
  expressions.some((expression) => expression.includes(EXTRA)) &&
  rules.some(
    ({ apiGroups, resources, operations }) =>
      has(apiGroups, 'certificates.k8s.io') &&
      has(resources, 'certificatesigningrequests') &&
      has(operations, 'CREATE'),
  )

/**
 * What the admission policies of a cluster mean for renewals, in mode B.
 * @param policies absent if this user may not list them; so are the bindings
 */
export const renewalFinding = (
  policies: readonly AdmissionPolicy[] | undefined,
  bindings: readonly AdmissionPolicyBinding[] | undefined,
): Finding => {
  if (policies === undefined || bindings === undefined) {
    return {
      state: 'unknown',
      name: NAME,
      detail: 'this user may not list ValidatingAdmissionPolicies and their bindings',
      remedy: 'run it as an administrator',
    }
  }
  const denies = (name: string): boolean =>
    bindings.some(({ policy, actions, isLimited }) =>
      policy === name ? actions.includes('Deny') && !isLimited : false,
    )
  const found = policies.find((policy) => looksAtRequests(policy) && denies(policy.name))
  return found === undefined
    ? {
        state: 'bad',
        name: NAME,
        detail: 'a kubelet renews its certificate by the certificate, so a ban never ends it',
        remedy: 'apply the certificate policy of the page on bans and certificates',
      }
    : {
        state: 'ok',
        name: NAME,
        detail: `ValidatingAdmissionPolicy ${found.name} looks at who asks for a certificate; its expressions are not checked here`,
      }
}
