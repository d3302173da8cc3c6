// Programs of Kubernetes, built from the source package of Debian: Kubernetes 1.20, the last one there.

import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import { cleanEnvironment } from '../processes.ts'
import { requireTool } from '../requirements.ts'

/** Where {@link FETCH} puts the source. */
const SOURCES = '/usr/src'
const FETCH = 'sh test/support/kubernetes/fetch-source.sh'
const MODULE = 'k8s.io/kubernetes'
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/** The source, ready to be built. */
export interface KubernetesSource {
  /** The tree, as Go finds it. */
  readonly tree: string
  /** Runs a program there, with the environment of the build. */
  run(program: string, args: readonly string[]): Promise<void>
  /**
   * Builds a program. What was compiled before is in Go's cache.
   * @param path of the program in the tree
   * @param added files that the tree lacks, by their path there: the tree stays as it is
   * @returns the path of the program
   */
  build(path: string, added?: Readonly<Record<string, string>>): Promise<string>
}

const findTree = (): string | undefined =>
  readdirSync(SOURCES).find((name) => name.startsWith('kubernetes-1.'))

/** Finds Go and the source; without them the test is skipped, with a reason. @param folder where programs are put */
export const requireKubernetesSource = (context: TestContext, folder: string): KubernetesSource => {
  const go = requireTool(context, 'go', 'apt-get install golang-go')
  const name = findTree()
  if (name === undefined) {
    const message = `the source of Kubernetes is not in ${SOURCES}: ${FETCH}`
    if (process.env['ROLLCALL_REQUIRE_ALL'] === '1') throw new Error(message)
    return context.skip(message)
  }
  const GOPATH = join(folder, 'go')
  const tree = join(GOPATH, 'src', MODULE)
  mkdirSync(join(tree, '..'), { recursive: true })
  symlinkSync(join(SOURCES, name), tree)
  // A program that reads Go, and was built with `-trimpath`, does not know where the standard library is.
  const GOROOT = execFileSync(go, ['env', 'GOROOT'], { encoding: 'utf8' }).trim()
  const env = cleanEnvironment({
    GOPATH,
    GOROOT,
    // By its real path, behind the link, the tree is in no GOPATH.
    PWD: tree,
    GO111MODULE: 'off',
    GOFLAGS: '',
    CGO_ENABLED: '0',
  })
  const run = async (program: string, args: readonly string[]): Promise<void> => {
    await promisify(execFile)(program, args, { cwd: tree, env, maxBuffer: MAX_OUTPUT_BYTES })
  }
  return {
    tree,
    run,
    async build(path, added = {}) {
      const program = join(folder, basename(path))
      const overlay = `${program}-overlay.json`
      const files = Object.entries(added).map(([to, from]) => [join(tree, to), from])
      writeFileSync(overlay, JSON.stringify({ Replace: Object.fromEntries(files) }))
      // Without `-trimpath` the folder would be a part of each entry of the cache.
      const flags = ['-trimpath', '-overlay', overlay, '-o', program]
      await run(go, ['build', ...flags, `${MODULE}/${path}`])
      return program
    },
  }
}
