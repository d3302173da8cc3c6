// The admission policy for certificates of nodes, evaluated by two CEL libraries that share no code. No API server does
// this here.

import { type CelInput, celEnv, parse as parseCel, plan } from '@bufbuild/cel'
import { strings } from '@bufbuild/cel/ext'
import { evaluate as evaluateCel } from '@marcbachmann/cel-js'
import type { ValidatingAdmissionPolicy } from 'kubernetes-types/admissionregistration/v1'
import { parseAllDocuments } from 'yaml'
import type { Manifest } from '../kubernetes-types.ts'
import { nodeFile } from './node-files.ts'

/** The manifests of `certificate-policy.yaml`: the policy, and its binding. */
export const certificatePolicyManifests = (): readonly Manifest[] =>
  parseAllDocuments(nodeFile('certificate-policy.yaml')).map(
    (document) => document.toJS() as Manifest,
  )

/** The creation of a CertificateSigningRequest: what it asks for, and who sends it. */
export interface CertificateRequest {
  readonly username: string
  readonly signerName: string
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined
}

/** JSON as the second library takes it: objects are maps. */
const toCel = (value: unknown): CelInput => {
  if (Array.isArray(value)) return value.map(toCel)
  if (typeof value !== 'object' || value === null) return value as CelInput
  return new Map(Object.entries(value).map(([name, it]) => [name, toCel(it)]))
}

const holds = (expression: string, variables: Readonly<Record<string, unknown>>): boolean => {
  const maps = Object.entries(variables).map(([name, value]) => [name, toCel(value)])
  const values: readonly unknown[] = [
    evaluateCel(expression, variables),
    plan(celEnv({ funcs: strings }), parseCel(expression))(Object.fromEntries(maps) as never),
  ]
  if (values[0] === values[1] && typeof values[0] === 'boolean') return values[0]
  throw new Error(`two CEL libraries differ: ${expression}: ${values.join(', ')}`)
}

/**
 * What the policy says of a request.
 * @param issuerHost in place of the host in the file
 * @returns whether the request is allowed; `undefined` if the policy does not apply to it
 * @throws Error if the libraries do not agree
 */
export const decideByCertificatePolicy = (
  { username, signerName, extra }: CertificateRequest,
  issuerHost = 'rollcall.example',
): boolean | undefined => {
  const [policy] = certificatePolicyManifests() as readonly ValidatingAdmissionPolicy[]
  const userInfo = { username, groups: ['system:nodes'], ...(extra && { extra }) }
  const variables = { object: { spec: { signerName } }, request: { userInfo } }
  const { matchConditions = [], validations = [] } = policy?.spec ?? {}
  const all = (rules: readonly { readonly expression: string }[]): boolean =>
    rules.every(({ expression }) =>
      holds(expression.replaceAll('rollcall.example', issuerHost), variables),
    )
  return all(matchConditions) ? all(validations) : undefined
}
