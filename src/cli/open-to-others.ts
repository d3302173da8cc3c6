// Warnings about secrets that other users of the machine can read or change.

import { statSync } from 'node:fs'
import { inFolder } from './run.ts'
import { say } from './say.ts'

const OTHERS = 0o077
const WRITE = 0o022
/** In such a folder only the owner of a file can replace it, as in /tmp. */
const STICKY = 0o1000

const modeOf = (path: string): number => {
  if (process.platform === 'win32') return 0
  return statSync(inFolder(path), { throwIfNoEntry: false })?.mode ?? 0
}

/** Warns of a secret file that others can read or change; says nothing of a missing one. @throws NodeJS.ErrnoException */
export const warnOfFile = (path: string): void => {
  if ((modeOf(path) & OTHERS) === 0) return
  say(`warning: other users can read or change ${path}; run chmod 600 ${path}`)
}

/** Warns of a folder where others can replace files; says nothing of a missing one. @throws NodeJS.ErrnoException */
export const warnOfFolder = (path: string): void => {
  const mode = modeOf(path)
  if ((mode & WRITE) === 0 || (mode & STICKY) !== 0) return
  say(`warning: other users can replace files in ${path}; run chmod go-w ${path}`)
}
