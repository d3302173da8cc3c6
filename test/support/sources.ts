// The project's own files.

import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's root. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The text of a file of the project. */
export const readProjectFile = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** Every TypeScript file below a folder, relative to the root, with `/` between folders. */
export const typeScriptFiles = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)

/** Every file that the project keeps, in git's eyes. */
export const keptFiles = (): string[] =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((path) => path !== '')
