// A Node that has what Node 20 lacks (`node:sqlite`, TypeScript without a loader), for what runs in a
// process of its own.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import { cleanEnvironment } from './processes.ts'

const WANTED = 24
const VERSION = '24.21.0'
const INSTALL_SECONDS = 50

let found: Promise<string> | undefined

/** The path of such a Node: the one that runs, or the one that npx installs once and keeps. */
export const findNode24 = async (): Promise<string> => {
  if (Number(process.versions.node.split('.')[0]) >= WANTED) return process.execPath
  const { stdout } = await promisify(execFile)(
    'npx',
    ['--yes', `node@${VERSION}`, '-p', 'process.execPath'],
    { timeout: INSTALL_SECONDS * 1000, env: cleanEnvironment() },
  )
  return stdout.trim()
}

/** The path of a Node 24 or newer that a test can't do without. */
export const requireNode24 = async (context: TestContext): Promise<string> => {
  found ??= findNode24()
  try {
    return await found
  } catch {
    found = undefined
    const message = `Node ${WANTED} can't be had: run the tests with it, or let npx install it`
    if (process.env['ROLLCALL_REQUIRE_ALL'] === '1') throw new Error(message)
    return context.skip(message)
  }
}
