// A real control plane as processes: etcd, kube-apiserver, and the controllers of kube-controller-manager that have to do
// with nodes. An administrator has a token; other users are those that the flags of the caller admit.

import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { reservePort } from '../ports.ts'
import { type RunningProcess, startProcess, waitUntil } from '../processes.ts'
import type { KubernetesPrograms } from './programs.ts'

const READY_SECONDS = 90

/** The token of the administrator, of the group `system:masters`. */
export const ADMIN_TOKEN = 'token-of-the-administrator'

/** What an API server answers. */
export interface ApiAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** How a control plane is started. */
export interface ControlPlaneOptions {
  /** For its files. */
  readonly folder: string
  readonly programs: KubernetesPrograms
  /** Signs the certificates of kubelets and verifies clients. Paths of PEM files; `pem` is the certificate. */
  readonly ca: { readonly file: string; readonly keyFile: string; readonly pem: string }
  /** The certificate of the API server, for `localhost`. */
  readonly serving: { readonly cert: string; readonly key: string }
  /** `--cluster-signing-duration` in seconds. Default: a day */
  readonly signingSeconds?: number
}

/** Flags by name, without `--`. */
export type Flags = Readonly<Record<string, string>>

/** See {@link startControlPlane}. */
export interface ControlPlane {
  readonly port: number
  /** Calls the API with a bearer token, the administrator's by default. Empty: without credentials. */
  call(method: string, path: string, body?: object, token?: string): Promise<ApiAnswer>
  /** Starts the API server, again if it runs. @param flags beside the usual ones */
  restart(flags?: Flags): Promise<void>
  /** What the API server logged since its start. */
  log(): string
  /** Starts the controllers that approve and sign requests of kubelets. @param names of more controllers */
  startControllers(...names: readonly string[]): Promise<void>
  close(): Promise<void>
}

const words = (flags: Flags): string[] =>
  Object.entries(flags).map(([name, value]) => `--${name}=${value}`)

/** Starts etcd. The API server starts with {@link ControlPlane.restart}. */
export const startControlPlane = async ({
  folder,
  programs,
  ca,
  serving,
  signingSeconds = 86_400,
}: ControlPlaneOptions): Promise<ControlPlane> => {
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const [certFile, keyFile] = [file('api.pem', serving.cert), file('api.key', serving.key)]
  const tokens = file('tokens.csv', `${ADMIN_TOKEN},admin,1,system:masters\n`)
  const [port, clients, peers] = [await reservePort(), await reservePort(), await reservePort()]
  const store = `http://127.0.0.1:${clients}`
  const peer = `http://127.0.0.1:${peers}`
  const urls = ['--listen-client-urls', store, '--advertise-client-urls', store]
  const peerUrls = ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer]
  const data = ['--data-dir', join(folder, 'etcd'), '--initial-cluster', `default=${peer}`]
  const running: RunningProcess[] = [startProcess(programs.etcd, [...data, ...urls, ...peerUrls])]
  let server: RunningProcess | undefined

  const call: ControlPlane['call'] = (method, path, body, token = ADMIN_TOKEN) =>
    new Promise((resolve, reject) => {
      const headers = {
        'Content-Type': 'application/json',
        ...(token !== '' && { Authorization: `Bearer ${token}` }),
      }
      const url = `https://localhost:${port}${path}`
      const asked = request(url, { method, headers, ca: ca.pem, agent: false }, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => (text += part))
        answer.on('end', () => {
          const isJson = text.startsWith('{')
          const read = isJson ? (JSON.parse(text) as ApiAnswer['body']) : { text }
          resolve({ status: answer.statusCode ?? 0, body: read })
        })
      })
      asked.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body))
    })

  return {
    port,
    call,
    log: () => server?.output.stderr ?? '',
    async restart(flags = {}) {
      await server?.stop()
      const usual: Flags = {
        'etcd-servers': store,
        'secure-port': String(port),
        'bind-address': '127.0.0.1',
        'cert-dir': folder,
        'tls-cert-file': certFile,
        'tls-private-key-file': keyFile,
        'client-ca-file': ca.file,
        'service-account-issuer': 'https://kubernetes.default.svc',
        'service-account-signing-key-file': keyFile,
        'service-account-key-file': certFile,
        'service-cluster-ip-range': '10.0.0.0/24',
        'authorization-mode': 'Node,RBAC',
        'enable-admission-plugins': 'NodeRestriction',
        'token-auth-file': tokens,
      }
      const started = startProcess(programs.apiServer, words({ ...usual, ...flags }))
      server = started
      running.push(started)
      const isReady = async (): Promise<boolean> =>
        (await call('GET', '/readyz').catch(() => undefined))?.status === 200
      const alive = (): boolean => started.child.exitCode === null
      await waitUntil(isReady, { seconds: READY_SECONDS, what: 'the API server', alive }).catch(
        (cause: unknown) => {
          throw new Error(`${String(cause)}: ${started.output.stderr.slice(-2000)}`, { cause })
        },
      )
    },
    async startControllers(...names) {
      const kubeconfig = file(
        'controllers.json',
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Config',
          clusters: [
            {
              name: 'c',
              cluster: { server: `https://localhost:${port}`, 'certificate-authority': ca.file },
            },
          ],
          users: [{ name: 'u', user: { token: ADMIN_TOKEN } }],
          contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
          'current-context': 'c',
        }),
      )
      const flags: Flags = {
        kubeconfig,
        'leader-elect': 'false',
        // Both ports: the first one is no flag any more since 1.24.
        ...(programs.minor < 24 && { port: '0' }),
        'secure-port': '0',
        controllers: ['csrapproving', 'csrsigning', ...names].join(','),
        'cluster-signing-duration': `${signingSeconds}s`,
        'cluster-signing-cert-file': ca.file,
        'cluster-signing-key-file': ca.keyFile,
      }
      running.push(startProcess(programs.controllers, words(flags)))
    },
    async close() {
      for (const one of running.toReversed()) await one.stop()
    },
  }
}
