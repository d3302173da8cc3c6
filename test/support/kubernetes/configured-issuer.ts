// The issuer of a printed AuthenticationConfiguration, as the stand-in API server takes it: with the CEL of the file.

import { type Claims, authenticate } from './authentication.ts'
import type { IssuerConfiguration } from './authenticator.ts'
import { configurationProblems, parseConfiguration } from './configuration-problems.ts'

/**
 * Reads the file.
 * @param file what `rollcall kubernetes config` prints
 * @throws Error with all that kube-apiserver would reject
 */
export const issuerOf = (file: string): IssuerConfiguration => {
  const problems = configurationProblems(file)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const [jwt] = parseConfiguration(file).jwt
  if (jwt === undefined) throw new Error('the file has no issuer')
  const { url, audiences, certificateAuthority } = jwt.issuer
  return {
    url,
    audiences: audiences ?? [],
    ...(certificateAuthority !== undefined && { certificateAuthority }),
    judge: (claims) => authenticate(file, claims as Claims),
  }
}
