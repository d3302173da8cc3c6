// Kubeconfigs: files that say where a cluster is, and how its user shows who it is.

import { Buffer } from 'node:buffer'
import type { KeyPair } from './authority.ts'

/** An exec credential plugin, as a kubeconfig names it. */
export interface ExecUser {
  readonly exec: {
    readonly command: string
    readonly args?: readonly string[]
    readonly env?: readonly { readonly name: string; readonly value: string }[]
    /** Default: `client.authentication.k8s.io/v1`. */
    readonly apiVersion?: string
    /** Default: `Never`. */
    readonly interactiveMode?: 'Never' | 'IfAvailable' | 'Always'
    readonly installHint?: string
  }
}

/** The user of a kubeconfig: a client certificate, a token, a plugin, or nobody. */
export type KubeconfigUser = KeyPair | { readonly token: string } | ExecUser | 'nobody'

const EXEC = { apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never' } as const

const base64 = (text: string): string => Buffer.from(text).toString('base64')

const entryOf = (user: KubeconfigUser): object => {
  if (user === 'nobody') return {}
  if ('token' in user) return { token: user.token }
  if ('exec' in user) return { exec: { ...EXEC, ...user.exec } }
  return {
    'client-certificate-data': base64(user.cert),
    'client-key-data': base64(user.key),
  }
}

/** The text of a kubeconfig: JSON, which is YAML. @param cluster its CA is PEM */
export const kubeconfigOf = (
  cluster: { readonly url: string; readonly ca: string },
  user: KubeconfigUser,
): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'stand-in',
        cluster: { server: cluster.url, 'certificate-authority-data': base64(cluster.ca) },
      },
    ],
    users: [{ name: 'user', user: entryOf(user) }],
    contexts: [{ name: 'stand-in', context: { cluster: 'stand-in', user: 'user' } }],
    'current-context': 'stand-in',
  })
