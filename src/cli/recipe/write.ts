// Writes the files of a recipe below a folder: all of them, or none.

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { usageError } from '../command-error.ts'
import { inFolder } from '../run.ts'
import { cannotWrite } from '../secret-file.ts'
import type { RecipeFile } from './form.ts'

/** What is executable has this mode, all others the usual one. */
const EXECUTABLE = 0o755

/**
 * Writes each file below a folder: `/etc/nginx/app.conf` below `out` is `out/etc/nginx/app.conf`.
 * @returns the paths
 * @throws CommandError if one exists or cannot be written; then nothing is left
 */
export const writeRecipe = (files: readonly RecipeFile[], out: string): readonly string[] => {
  const places = files.map((file) => ({ ...file, at: join(out, file.path) }))
  const there = places.find(({ at }) => existsSync(inFolder(at)))
  if (there !== undefined) throw usageError(`--out: ${there.at} exists already; remove it first`)
  const written: string[] = []
  try {
    for (const { at, text, language } of places) {
      const path = inFolder(at)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text, { flag: 'wx', ...(language === 'sh' && { mode: EXECUTABLE }) })
      written.push(path)
    }
  } catch (error) {
    for (const path of written) rmSync(path, { force: true })
    throw cannotWrite(error, places[written.length]?.at ?? out, '--out')
  }
  return places.map(({ at }) => at)
}
