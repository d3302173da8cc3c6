// What kubectl and kubelet tell an exec credential plugin about themselves, in a variable.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins

import { printable } from '../../base/text.ts'
import { usageError } from '../command-error.ts'

/** The version of the interface. */
export const EXEC_API_VERSION = 'client.authentication.k8s.io/v1'

const NAME = 'KUBERNETES_EXEC_INFO'
const MAX_SHOWN = 80

const membersOf = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/**
 * Checks that the caller speaks the version of this plugin. It refuses an answer of another version only after the
 * plugin has run, and does not say what to do.
 * @param text the variable; absent or empty: a person runs the command
 * @throws CommandError
 */
export const checkExecInfo = (text: string | undefined): void => {
  if (text === undefined || text === '') return
  const { apiVersion, kind } = membersOf(text)
  if (kind !== 'ExecCredential' || typeof apiVersion !== 'string') {
    throw usageError(`${NAME}: expected an ExecCredential in JSON; unset it to run this by hand`)
  }
  if (apiVersion === EXEC_API_VERSION) return
  throw usageError(
    `${NAME}: the kubeconfig asks for ${printable(apiVersion).slice(0, MAX_SHOWN)}; ` +
      `write apiVersion: ${EXEC_API_VERSION} in its exec section`,
  )
}
