// The programs of a control plane: ready ones of any version, from a folder that an environment variable names, or
// Kubernetes 1.20, which is built from source.

import { execFile, execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import { requireTool } from '../requirements.ts'
import { type KubernetesSource, requireKubernetesSource } from './kubernetes-source.ts'

/** Names a folder with `etcd`, `kube-apiserver` and `kube-controller-manager`, and for some tests `kubelet`. */
export const BIN_VARIABLE = 'ROLLCALL_KUBERNETES_BIN'

const OPEN_API = 'pkg/generated/openapi/zz_generated.openapi.go'

/** The programs of a control plane, by path. */
export interface KubernetesPrograms {
  readonly etcd: string
  readonly apiServer: string
  readonly controllers: string
  /** The second number of the API server's version: 36 for `v1.36.2`. */
  readonly minor: number
}

/**
 * The path of a ready program.
 * @returns `undefined` if the variable is not set
 * @throws Error if the folder does not have it
 */
export const findReadyProgram = (name: string): string | undefined => {
  const folder = process.env[BIN_VARIABLE] ?? ''
  if (folder === '') return undefined
  const path = join(folder, name)
  accessSync(path, constants.X_OK)
  return path
}

const minorOf = (apiServer: string): number => {
  const said = execFileSync(apiServer, ['--version'], { encoding: 'utf8' })
  const [, minor] = /v1\.(\d+)/.exec(said) ?? []
  if (minor === undefined) throw new Error(`${apiServer} --version: ${said}`)
  return Number(minor)
}

/** The ready programs; `undefined` if the variable is not set. @throws Error if one is missing */
export const findReadyPrograms = (): KubernetesPrograms | undefined => {
  const [etcd, apiServer, controllers] = ['etcd', 'kube-apiserver', 'kube-controller-manager'].map(
    findReadyProgram,
  )
  if (etcd === undefined || apiServer === undefined || controllers === undefined) return undefined
  return { etcd, apiServer, controllers, minor: minorOf(apiServer) }
}

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

/**
 * The ready programs, or those of 1.20: some minutes the first time, seconds after that. The test is skipped, with a
 * reason, where something is missing.
 * @param folder where built programs are put
 */
export const requirePrograms = async (
  context: TestContext,
  folder: string,
): Promise<KubernetesPrograms> => {
  const ready = findReadyPrograms()
  if (ready !== undefined) return ready
  const etcd = requireTool(context, 'etcd', 'apt-get install etcd-server')
  const source = requireKubernetesSource(context, folder)
  const added = { [OPEN_API]: await generateOpenApi(source, folder) }
  const apiServer = await source.build('cmd/kube-apiserver', added)
  const controllers = await source.build('cmd/kube-controller-manager', added)
  return { etcd, apiServer, controllers, minor: 20 }
}

/**
 * The ready programs, of 1.31 or newer: before, a node could ask for a certificate of another name. Without them the test
 * is skipped, with a reason.
 */
export const requireReadyPrograms = (context: TestContext): KubernetesPrograms => {
  const ready = findReadyPrograms()
  if (ready !== undefined && ready.minor >= 31) return ready
  const message = `${BIN_VARIABLE} names no folder with the programs of Kubernetes 1.31 or newer`
  if (process.env['ROLLCALL_REQUIRE_ALL'] === '1') throw new Error(message)
  return context.skip(message)
}
