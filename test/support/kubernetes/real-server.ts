// A real API server with the configuration that the command printed, and with the bindings that kubeadm makes: what the
// stand-in is for the tests, from programs of Kubernetes.

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitUntil } from '../processes.ts'
import { createAuthority } from './authority.ts'
import type { ClusterServer } from './cluster.ts'
import { ADMIN_TOKEN, type ControlPlane, startControlPlane } from './control-plane.ts'
import { RBAC_OBJECTS } from './kubeadm-objects.ts'
import { kubeconfigOf } from './kubeconfig.ts'
import type { KubernetesPrograms } from './programs.ts'
import { type KubeObject, resourceOfKind } from './resources.ts'

/** How it is started. */
export interface RealServerOptions {
  readonly programs: KubernetesPrograms
  /** What `rollcall kubernetes config` printed. */
  readonly configuration: string
  /** Its issuer. */
  readonly issuer: string
  /** `--cluster-signing-duration`. Default: a day */
  readonly signingSeconds?: number | undefined
  /** Whether the built-in approver and the signers run, and {@link CONTROLLERS}. Default: true */
  readonly signs?: boolean | undefined
}

/** A running one. */
export interface RealServer extends ClusterServer, Pick<ControlPlane, 'call' | 'log'> {
  /** Makes an object, or replaces the one of its name. */
  put(object: KubeObject): Promise<void>
  /**
   * Starts the API server again with another file, and waits until it has the keys of the issuer.
   * @throws Error with the end of its log, if it does not start
   */
  restart(file: string): Promise<void>
}

/**
 * Controllers beside those for certificates: a pod needs the account of its namespace, and the other one says what is wrong
 * with the types in an admission policy.
 */
const CONTROLLERS = ['serviceaccount-controller', 'validatingadmissionpolicy-status-controller']
const CHANGE_SECONDS = 90
/** What the API server logs for a token that it does not accept. */
/** What it logs after a change of its file. */
const RELOAD = /(?:reloaded|failed to (?:load|validate|update)) authentication config.*/
const REFUSAL = 'Unable to authenticate the request'

const base64url = (value: object): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url')

/** The path of an object, and of those beside it. */
const pathsOf = ({ apiVersion, kind, metadata: { name, namespace } }: KubeObject) => {
  const { plural } = resourceOfKind(apiVersion, kind)
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const all = `${root}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plural}`
  return { all, one: `${all}/${name}` }
}

/** Starts one, and waits until it has the keys of the issuer. */
export const startRealServer = async ({
  programs,
  configuration,
  issuer,
  signingSeconds,
  signs = true,
}: RealServerOptions): Promise<RealServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-api-server-'))
  const authority = await createAuthority('kubernetes')
  const path = (name: string): string => join(folder, name)
  const [file, keyFile] = [path('ca.pem'), path('ca.key')]
  writeFileSync(file, authority.cert)
  writeFileSync(keyFile, authority.key, { mode: 0o600 })
  const serving = await authority.issue(
    [{ CN: ['kube-apiserver'] }],
    ['digital signature', 'server auth'],
    [
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
    ],
  )
  const plane = await startControlPlane({
    folder,
    programs,
    ca: { file, keyFile, pem: authority.cert },
    serving,
    ...(signingSeconds !== undefined && { signingSeconds }),
  })
  const printed = path('authentication.yaml')

  const put = async (object: KubeObject): Promise<void> => {
    const { all, one } = pathsOf(object)
    const made = await plane.call('POST', all, object)
    if (made.status === 201) return
    const { body: old } = await plane.call('GET', one)
    const { resourceVersion } = (old['metadata'] ?? {}) as KubeObject['metadata']
    const metadata = { ...object.metadata, resourceVersion }
    const changed = await plane.call('PUT', one, { ...object, metadata })
    if (changed.status !== 200) {
      throw new Error(`${one}: ${JSON.stringify([made.body['message'], changed.body])}`)
    }
  }
  const refusals = (): readonly string[] =>
    plane
      .log()
      .split('\n')
      .filter((line) => line.includes(REFUSAL))

  /** The API server fetches the keys in the background. Until it has them, it knows no token of the issuer. */
  const knowsIssuer = async (): Promise<boolean> => {
    const claims = { iss: issuer, aud: 'nobody', exp: 9_999_999_999 }
    const token = `${base64url({ alg: 'ES256', kid: 'none' })}.${base64url(claims)}.AAAA`
    const { length } = refusals()
    await plane.call('GET', '/api', undefined, token)
    await waitUntil(() => refusals().length > length, { seconds: 10, what: 'a line of the log' })
    return !refusals().at(-1)?.includes('not initialized')
  }

  const restart = async (text: string): Promise<void> => {
    writeFileSync(printed, text)
    await plane.restart({ 'authentication-config': printed })
    await waitUntil(knowsIssuer, { seconds: CHANGE_SECONDS, what: 'the keys of the issuer' })
  }

  try {
    await restart(configuration)
    for (const object of RBAC_OBJECTS) {
      if (object.metadata.name.startsWith('kubeadm:')) await put(object)
    }
    if (signs) await plane.startControllers(...CONTROLLERS)
  } catch (error) {
    await plane.close()
    throw error
  }

  const url = `https://127.0.0.1:${plane.port}`
  return {
    url,
    ca: authority.cert,
    call: plane.call,
    log: plane.log,
    put,
    restart,
    get refusals() {
      return refusals()
    },
    certificateFor: (username, ...groups) =>
      authority.issue(
        [...groups.map((group) => ({ O: [group] })), { CN: [username] }],
        ['digital signature', 'client auth'],
      ),
    async configure(text) {
      const { length } = plane.log()
      const said = (): string | undefined => RELOAD.exec(plane.log().slice(length))?.[0]
      // As a program that replaces a file does, and not in several steps.
      writeFileSync(`${printed}.new`, text)
      renameSync(`${printed}.new`, printed)
      await waitUntil(() => said() !== undefined, { seconds: CHANGE_SECONDS, what: 'a reload' })
      const line = said() ?? ''
      if (!line.startsWith('reloaded')) throw new Error(line)
    },
    kubeconfig: async (user = { token: ADMIN_TOKEN }) =>
      kubeconfigOf({ url, ca: authority.cert }, user),
    async close() {
      await plane.close()
      rmSync(folder, { recursive: true })
    },
  }
}
