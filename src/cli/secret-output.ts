// Secrets on standard output, where the shell decides who can read them.

import { fstatSync } from 'node:fs'
import { say } from './say.ts'
import { print } from './output.ts'
import { thisRun } from './run.ts'

const OTHERS = 0o077
const PERMISSIONS = 0o777

/** Why others can see the output; `undefined` if they cannot. */
const exposure = (): string | undefined => {
  const { isTTY, fd } = thisRun().stdout
  if (isTTY) {
    return 'the private key is on your terminal; clear it, or make a new key with --out FILE'
  }
  if (fd === undefined || process.platform === 'win32') return undefined
  const stats = fstatSync(fd)
  if (!stats.isFile() || (stats.mode & OTHERS) === 0) return undefined
  const mode = (stats.mode & PERMISSIONS).toString(8).padStart(4, '0')
  return `the private key is in a file that others can use (mode ${mode}); chmod 600 it, or use --out FILE`
}

/** Prints a private key; warns on standard error if others can read it there. */
export const printPrivateKey = (json: string): void => {
  const problem = exposure()
  print(json)
  if (problem !== undefined) say(`warning: ${problem}`)
}
