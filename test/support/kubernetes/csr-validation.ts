// What an API server rejects in a CertificateSigningRequest, in its words (Kubernetes
// `pkg/apis/certificates/validation/validation.go`).

import { ApiError } from './api-error.ts'
import { type Condition, type Csr, readRequest } from './certificate-requests.ts'

const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
]
const MIN_SECONDS = 600
/** Conditions that cannot be taken back, and that are true or absent. */
const LASTING = ['Approved', 'Denied', 'Failed']

const quote = (value: unknown): string => JSON.stringify(value ?? null)

const unsupported = (value: unknown, values: readonly string[]): string =>
  `Unsupported value: ${quote(value)}: supported values: ${values.map(quote).join(', ')}`

const requestProblem = async (csr: Csr): Promise<string | undefined> => {
  try {
    return (await readRequest(csr).verify()) ? undefined : 'x509: ECDSA verification failure'
  } catch (error) {
    return (error as Error).message
  }
}

const usageProblems = (usages: readonly string[] = []): readonly string[] => [
  ...(usages.length === 0 ? ['spec.usages: Required value'] : []),
  ...usages.flatMap((usage, at) =>
    USAGES.includes(usage) ? [] : [`spec.usages[${at}]: ${unsupported(usage, USAGES)}`],
  ),
  ...usages.flatMap((usage, at) =>
    usages.indexOf(usage) === at ? [] : [`spec.usages[${at}]: Duplicate value: ${quote(usage)}`],
  ),
]

const signerProblems = (name = ''): readonly string[] => {
  if (name === '') return ['spec.signerName: Required value']
  return name.split('/').length === 2
    ? []
    : [
        `spec.signerName: Invalid value: ${quote(name)}: must be a fully qualified domain and path of the form 'example.com/signer-name'`,
      ]
}

const statusProblem = ({ type, status = '' }: Condition): string | undefined => {
  if (status === '') return 'Required value'
  const values = LASTING.includes(type) ? ['True'] : ['False', 'True', 'Unknown']
  return values.includes(status) ? undefined : unsupported(status, values)
}

const conditionProblems = (conditions: readonly Condition[]): readonly string[] =>
  conditions.flatMap((condition, at) => {
    const { type } = condition
    const place = `status.conditions[${at}]`
    const before = new Set(conditions.slice(0, at).map((it) => it.type))
    const opposite = { Approved: 'Denied', Denied: 'Approved' }[type]
    const problem = statusProblem(condition)
    return [
      ...(type === '' ? [`${place}.type: Required value`] : []),
      ...(problem === undefined ? [] : [`${place}.status: ${problem}`]),
      ...(opposite !== undefined && before.has(opposite)
        ? [
            `status.conditions: Invalid value: ${quote(type)}: Approved and Denied conditions are mutually exclusive`,
          ]
        : []),
      ...(before.has(type) ? [`${place}.type: Duplicate value: ${quote(type)}`] : []),
    ]
  })

const refuse = ({ metadata }: Csr, problems: readonly string[]): void => {
  if (problems.length === 0) return
  const what = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`
  const kind = 'CertificateSigningRequest.certificates.k8s.io'
  throw new ApiError('Invalid', `${kind} "${metadata.name ?? ''}" is invalid: ${what}`)
}

/** Checks a new request. @throws ApiError `Invalid` */
export const checkCsr = async (csr: Csr): Promise<void> => {
  const { request, usages, signerName, expirationSeconds } = csr.spec
  const problem = await requestProblem(csr)
  const isShort = expirationSeconds !== undefined && expirationSeconds < MIN_SECONDS
  refuse(csr, [
    ...(problem === undefined
      ? []
      : [`spec.request: Invalid value: ${quote(request)}: ${problem}`]),
    ...usageProblems(usages),
    ...signerProblems(signerName),
    ...(isShort
      ? [
          `spec.expirationSeconds: Invalid value: ${expirationSeconds}: may not specify a duration less than 600 seconds (10 minutes)`,
        ]
      : []),
  ])
}

const countOf = ({ status }: Csr, type: string): number =>
  (status.conditions ?? []).filter((it) => it.type === type).length

/** Checks a change by `/approval` or `/status`. @throws ApiError `Invalid` */
export const checkCsrChange = (old: Csr, changed: Csr, door: 'approval' | 'status'): void => {
  const forbidden = (what: string): string =>
    `status.conditions: Forbidden: updates may not ${what}`
  const isLess = (type: string): boolean => countOf(changed, type) < countOf(old, type)
  const isMore = (type: string): boolean => countOf(changed, type) > countOf(old, type)
  refuse(changed, [
    ...conditionProblems(changed.status.conditions ?? []),
    ...LASTING.filter(isLess).map((type) => forbidden(`remove a condition of type ${quote(type)}`)),
    ...(door === 'approval' ? [] : ['Approved', 'Denied'])
      .filter(isMore)
      .map((type) => forbidden(`add a condition of type ${quote(type)}`)),
  ])
}
