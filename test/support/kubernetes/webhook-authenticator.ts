// The real webhook client of a Kubernetes API server, built from the source package of Debian (Kubernetes 1.20, the last
// one there). It is the code of `--authentication-token-webhook-config-file`, without the cache around it.

import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import { cleanEnvironment } from '../processes.ts'
import { requireTool } from '../requirements.ts'
import { ROOT } from '../sources.ts'

const run = promisify(execFile)

/** Where {@link FETCH} puts the source. */
const SOURCES = '/usr/src'
const FETCH = 'sh test/support/kubernetes/fetch-source.sh'

/** The folder of the source, if it is there. */
const findSource = (): string | undefined => {
  const name = readdirSync(SOURCES).find((it) => it.startsWith('kubernetes-1.'))
  return name === undefined ? undefined : join(SOURCES, name)
}

/** What it is asked. */
export interface AskedToken {
  readonly token: string
  /** What the API server answers to. Absent: it does not limit audiences. */
  readonly audiences?: readonly string[]
}

/** Whom the API server takes the caller for. */
export interface Authentication {
  readonly ok: boolean
  /** Why it could not find out. */
  readonly error?: string
  readonly name?: string
  readonly uid?: string
  readonly groups?: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
  readonly audiences?: readonly string[]
}

/** Asks with a kubeconfig. @param version of TokenReview. Default: `v1` */
export type AskWebhook = (
  kubeconfig: string,
  asked: readonly AskedToken[],
  version?: string,
) => Promise<readonly Authentication[]>

/**
 * Builds the client: a minute the first time, then Go's cache has it. The test is skipped, with a reason, without Go or
 * the source.
 * @param folder where the program is put
 */
export const buildWebhookClient = async (
  context: TestContext,
  folder: string,
): Promise<AskWebhook> => {
  const go = requireTool(context, 'go', 'apt-get install golang-go')
  const source = findSource()
  if (source === undefined) {
    const message = `the source of Kubernetes is not in ${SOURCES}: ${FETCH}`
    if (process.env['ROLLCALL_REQUIRE_ALL'] === '1') throw new Error(message)
    return context.skip(message)
  }
  const GOPATH = join(folder, 'go')
  const tree = join(GOPATH, 'src/k8s.io/kubernetes')
  mkdirSync(join(GOPATH, 'src/k8s.io'), { recursive: true })
  symlinkSync(source, tree)
  // The program finds the packages only inside the tree; the overlay leaves the tree as it is.
  const overlay = join(folder, 'overlay.json')
  const main = join(ROOT, 'test/support/kubernetes/webhook/main.go')
  const Replace = { [join(tree, 'cmd/webhook-client/main.go')]: main }
  writeFileSync(overlay, JSON.stringify({ Replace }))
  const program = join(folder, 'webhook-client')
  await run(
    go,
    [
      'build',
      '-trimpath',
      '-overlay',
      overlay,
      '-o',
      program,
      'k8s.io/kubernetes/cmd/webhook-client',
    ],
    {
      cwd: tree,
      env: cleanEnvironment({ GOPATH, GO111MODULE: 'off', GOFLAGS: '', CGO_ENABLED: '0' }),
    },
  )
  return async (kubeconfig, asked, version = 'v1') => {
    const running = run(program, [kubeconfig, version], { env: cleanEnvironment() })
    running.child.stdin?.end(asked.map((each) => `${JSON.stringify(each)}\n`).join(''))
    const { stdout } = await running
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Authentication)
  }
}
