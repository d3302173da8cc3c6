// A cloud-init that knows hardened mode (23.2.2 or newer), beside Debian 12's own, which doesn't: it is Debian 13's,
// unpacked into a folder of ours. Nothing is installed: it is Python, and what it needs Debian 12's has brought along.

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import { cleanEnvironment } from './processes.ts'
import { ROOT } from './sources.ts'

const SUITE = 'trixie'
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const CACHE = join(ROOT, 'node_modules/.cache')
const PACKAGES = 'usr/lib/python3/dist-packages'
const LIMIT_MS = 90_000

const run = async (cwd: string, command: string, ...args: string[]): Promise<string> => {
  const options = { cwd, env: cleanEnvironment(), timeout: LIMIT_MS }
  return (await promisify(execFile)(command, args, options)).stdout
}

/** Gets the package from where this machine gets its own, by apt with folders of its own. */
const unpack = async (folder: string): Promise<void> => {
  const format = ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages']
  const [repository = ''] = (await run(folder, 'apt-get', ...format)).split('\n')
  for (const name of ['lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(folder, name), { recursive: true })
  }
  const list = join(folder, 'sources.list')
  writeFileSync(list, `deb [signed-by=${KEYRING}] ${repository} ${SUITE} main\n`)
  const options = [
    `Dir::Etc::SourceList=${list}`,
    `Dir::Etc::SourceParts=${join(folder, 'none')}`,
    `Dir::State::Lists=${join(folder, 'lists')}`,
    `Dir::Cache=${join(folder, 'cache')}`,
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option])
  await run(folder, 'apt-get', ...options, 'update')
  await run(folder, 'apt-get', ...options, 'download', 'cloud-init')
  const file = readdirSync(folder).find((name) => name.endsWith('.deb'))
  await run(folder, 'dpkg-deb', '-x', String(file), 'unpacked')
}

const find = async (): Promise<string> => {
  const kept = join(CACHE, `cloud-init-${SUITE}`)
  const isThere = (): boolean => {
    try {
      return readdirSync(join(kept, PACKAGES)).includes('cloudinit')
    } catch {
      return false
    }
  }
  if (!isThere()) {
    mkdirSync(CACHE, { recursive: true })
    const folder = mkdtempSync(join(CACHE, 'cloud-init-'))
    try {
      await unpack(folder)
      rmSync(kept, { recursive: true, force: true })
      renameSync(join(folder, 'unpacked'), kept)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  return join(kept, PACKAGES)
}

let found: Promise<string> | undefined

/** The folder for `PYTHONPATH` that a test can't do without. */
export const requireNewerCloudInit = async (context: TestContext): Promise<string> => {
  found ??= find()
  try {
    return await found
  } catch (cause) {
    found = undefined
    const message = `cloud-init of Debian ${SUITE} can't be had; let apt-get download it`
    if (process.env['ROLLCALL_REQUIRE_ALL'] === '1') throw new Error(message, { cause })
    return context.skip(message)
  }
}
