// Programs in Go, built with Debian's packages of Go libraries, once for each text of the program.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cleanEnvironment } from './processes.ts'
import { ROOT } from './sources.ts'

const run = promisify(execFile)

/** Where Debian has the sources of Go libraries. */
export const GOPATH = '/usr/share/gocode'
const FOLDER = join(ROOT, 'node_modules/.cache/relying-parties')

/**
 * Builds a program. This takes up to two minutes the first time, and nothing later.
 * @param text its only source
 * @returns the path of the program
 * @throws Error with the words of the compiler
 */
export const buildGoProgram = async (text: string): Promise<string> => {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16)
  const program = join(FOLDER, `${hash}-go`)
  if (existsSync(program)) return program
  mkdirSync(FOLDER, { recursive: true })
  const source = `${program}.go`
  writeFileSync(source, text)
  const unfinished = `${program}.${process.pid}`
  await run('go', ['build', '-o', unfinished, source], {
    env: cleanEnvironment({ GOPATH, GO111MODULE: 'off', GOFLAGS: '' }),
  })
  renameSync(unfinished, program)
  return program
}
