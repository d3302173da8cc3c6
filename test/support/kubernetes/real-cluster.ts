// A real control plane of Kubernetes 1.20 with a real etcd: the API server, and the controllers that approve and sign
// requests for certificates. Built from source: some minutes the first time, seconds after that.

import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import { reservePort } from '../ports.ts'
import { type RunningProcess, startProcess, waitUntil } from '../processes.ts'
import { requireTool } from '../requirements.ts'
import type { TestCa } from '../tls-certificates.ts'
import { type KubernetesSource, requireKubernetesSource } from './kubernetes-source.ts'

const READY_SECONDS = 60
const ADMIN_TOKEN = 'token-of-the-administrator'
const OPEN_API = 'pkg/generated/openapi/zz_generated.openapi.go'

/** The packages whose types the API server describes. */
const describedPackages = async (tree: string): Promise<readonly string[]> => {
  const search = ['-rl', '--include=*.go', '+k8s:openapi-gen=', 'staging/src/k8s.io', 'pkg']
  const { stdout } = await promisify(execFile)('grep', search, { cwd: tree })
  const files = stdout
    .trimEnd()
    .split('\n')
    .filter(
      (file) => !/_test\.go|\/testing\/|\/testdata\/|code-generator|sample-|_examples/.test(file),
    )
  const folders = new Set(files.map((file) => dirname(file)))
  return [...folders]
    .toSorted()
    .map((folder) => `k8s.io/kubernetes/${folder.replace(/^staging\/src\//, 'vendor/')}`)
}

/** Makes the one file of the API server that its own build generates. */
const generateOpenApi = async (source: KubernetesSource, folder: string): Promise<string> => {
  const generator = await source.build('vendor/k8s.io/kube-openapi/cmd/openapi-gen')
  const packages = await describedPackages(source.tree)
  const header = join(source.tree, 'hack/boilerplate/boilerplate.generatego.txt')
  const to = ['-O', 'zz_generated.openapi', '-p', 'k8s.io/kubernetes/pkg/generated/openapi']
  const [output, report] = [join(folder, 'generated'), join(folder, 'violations')]
  const from = ['--go-header-file', header, '--input-dirs', packages.join(',')]
  await source.run(generator, [...from, ...to, '-o', output, '-r', report])
  return join(output, 'k8s.io/kubernetes', OPEN_API)
}

/** What an API server answers. */
export interface ApiAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** See {@link startRealCluster}. */
export interface RealCluster {
  /** Calls the API with a bearer token, the administrator's by default. */
  call(method: string, path: string, body?: object, token?: string): Promise<ApiAnswer>
  /** Starts the API server again. @param audiences `--api-audiences`; empty: the default */
  restart(audiences: readonly string[]): Promise<void>
  /** Starts the controllers that approve and sign requests of kubelets. */
  startControllers(): Promise<void>
  close(): Promise<void>
}

/** How a cluster is started. */
export interface RealClusterOptions {
  readonly folder: string
  /** Signs the certificate of the API server, and those of kubelets. */
  readonly ca: TestCa
  /** `--authentication-token-webhook-config-file`. */
  readonly webhookKubeconfig: string
  /** `--authentication-token-webhook-cache-ttl`. */
  readonly cacheSeconds: number
}

/** Builds and starts a cluster. The test is skipped, with a reason, where something is missing. */
export const startRealCluster = async (
  context: TestContext,
  { folder, ca, webhookKubeconfig, cacheSeconds }: RealClusterOptions,
): Promise<RealCluster> => {
  const etcd = requireTool(context, 'etcd', 'apt-get install etcd-server')
  const source = requireKubernetesSource(context, folder)
  const added = { [OPEN_API]: await generateOpenApi(source, folder) }
  const apiServer = await source.build('cmd/kube-apiserver', added)
  const controllers = await source.build('cmd/kube-controller-manager', added)

  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const { cert, key } = ca.certificateFor('localhost')
  const [certFile, keyFile] = [file('api.pem', cert), file('api.key', key)]
  const tokens = file('tokens.csv', `${ADMIN_TOKEN},admin,1,system:masters\n`)
  const [port, clients, peers] = [await reservePort(), await reservePort(), await reservePort()]
  const store = `http://127.0.0.1:${clients}`
  const peer = `http://127.0.0.1:${peers}`
  const urls = ['--listen-client-urls', store, '--advertise-client-urls', store]
  const peerUrls = ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer]
  const data = ['--data-dir', join(folder, 'etcd'), '--initial-cluster', `default=${peer}`]
  const running: RunningProcess[] = [startProcess(etcd, [...data, ...urls, ...peerUrls])]

  const call: RealCluster['call'] = (method, path, body, token = ADMIN_TOKEN) =>
    new Promise((resolve, reject) => {
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
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

  const startApiServer = async (audiences: readonly string[]): Promise<RunningProcess> => {
    const flags: Readonly<Record<string, string>> = {
      'etcd-servers': store,
      'secure-port': String(port),
      'bind-address': '127.0.0.1',
      'tls-cert-file': certFile,
      'tls-private-key-file': keyFile,
      'client-ca-file': ca.file,
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-signing-key-file': keyFile,
      'service-account-key-file': keyFile,
      'service-cluster-ip-range': '10.0.0.0/24',
      'authorization-mode': 'Node,RBAC',
      'enable-admission-plugins': 'NodeRestriction',
      'token-auth-file': tokens,
      'authentication-token-webhook-config-file': webhookKubeconfig,
      'authentication-token-webhook-version': 'v1',
      'authentication-token-webhook-cache-ttl': `${cacheSeconds}s`,
      ...(audiences.length > 0 && { 'api-audiences': audiences.join(',') }),
    }
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
    const server = startProcess(apiServer, [...args, `--cert-dir=${folder}`])
    running.push(server)
    const isReady = async (): Promise<boolean> =>
      (await call('GET', '/readyz').catch(() => undefined))?.status === 200
    const alive = (): boolean => server.child.exitCode === null
    await waitUntil(isReady, { seconds: READY_SECONDS, what: 'the API server', alive })
    return server
  }

  let server: RunningProcess | undefined
  return {
    call,
    async restart(audiences) {
      await server?.stop()
      server = await startApiServer(audiences)
    },
    async startControllers() {
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
      const signing = [
        `--cluster-signing-cert-file=${ca.file}`,
        `--cluster-signing-key-file=${ca.keyFile}`,
      ]
      const which = ['--controllers=csrapproving,csrsigning', '--cluster-signing-duration=24h']
      const own = [
        `--kubeconfig=${kubeconfig}`,
        '--leader-elect=false',
        '--port=0',
        '--secure-port=0',
      ]
      running.push(startProcess(controllers, [...own, ...which, ...signing]))
    },
    async close() {
      for (const one of running.toReversed()) await one.stop()
    },
  }
}
