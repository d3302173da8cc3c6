// Programs in Go, built with Debian's packages of Go libraries, once for each text of the program.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { cleanEnvironment } from './processes.ts'
import { ROOT } from './sources.ts'

const run = promisify(execFile)

/** Where Debian has the sources of Go libraries. */
export const GOPATH = '/usr/share/gocode'
const FOLDER = join(ROOT, 'node_modules/.cache/relying-parties')

/** Longer than any build takes: a lock that is older was left by a process that was killed. */
const BUILD_SECONDS = 600

const isStale = (lock: string): boolean => {
  const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs
  return made !== undefined && Date.now() - made > BUILD_SECONDS * 1000
}

/** Takes a lock that all processes share, by the name of a folder. @returns whether it was free */
const take = (lock: string): boolean => {
  if (isStale(lock)) rmSync(lock, { recursive: true })
  try {
    mkdirSync(lock)
    return true
  } catch {
    return false
  }
}

const build = async (program: string, text: string): Promise<void> => {
  const source = `${program}.go`
  writeFileSync(source, text)
  const unfinished = `${program}.${process.pid}`
  await run('go', ['build', '-o', unfinished, source], {
    env: cleanEnvironment({ GOPATH, GO111MODULE: 'off', GOFLAGS: '' }),
  })
  renameSync(unfinished, program)
}

/**
 * How long a test waits for a program in milliseconds, as the limit of a `beforeAll` that does nothing else: a build
 * takes a minute on an idle machine, and tests of several files need the same program.
 */
export const BUILD_LIMIT = BUILD_SECONDS * 1000

/**
 * Builds a program, unless it was built before. One process builds; others that need the program wait for it.
 * @param text its only source
 * @returns the path of the program
 * @throws Error with the words of the compiler
 */
export const buildGoProgram = async (text: string): Promise<string> => {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16)
  const program = join(FOLDER, `${hash}-go`)
  mkdirSync(FOLDER, { recursive: true })
  const lock = `${program}.lock`
  while (!existsSync(program)) {
    if (!take(lock)) {
      await wait(200)
      continue
    }
    try {
      if (!existsSync(program)) await build(program, text)
    } finally {
      rmSync(lock, { recursive: true, force: true })
    }
  }
  return program
}
