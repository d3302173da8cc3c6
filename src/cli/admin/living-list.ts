// The list of instances that exist, which the operator has got from the cloud. `prune` forgets all
// other instances, so any irregularity in the list is refused.

import { type FileHandle, open } from 'node:fs/promises'
import type { LivingInstances } from '../../client/index.ts'
import { matchesField } from '../../codec/identity-document.ts'
import { usageError } from '../command-error.ts'
import { asText } from '../named-file.ts'
import { inFolder } from '../run.ts'

/** The cloud answered some time before the file was written, and clocks differ. */
const MARGIN_SECONDS = 300

/** How many bad lines a message shows. */
const MAX_TOLD = 10

const readIds = (text: string, path: string): Set<string> => {
  const ids = new Set<string>()
  const bad: number[] = []
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    const id = line.replace(/#.*$/, '').trim()
    if (id === '') continue
    if (matchesField('instance-id', id)) ids.add(id)
    else bad.push(at + 1)
  }
  if (bad.length > 0) {
    const told = bad.slice(0, MAX_TOLD).map((line) => `${path}:${line}: not the id of an instance`)
    const more = bad.length > MAX_TOLD ? `\nand ${bad.length - MAX_TOLD} lines more` : ''
    throw usageError(
      `--living: expected one instance id per line (# begins a comment); nothing was changed\n${told.join('\n')}${more}`,
    )
  }
  if (ids.size === 0) {
    throw usageError(
      `--living: ${path} names no instance. A command that failed leaves such a file, so nothing was
changed. If no instance is left, forget each one: rollcall admin forget`,
    )
  }
  return ids
}

const readWhole = async (file: FileHandle, path: string): Promise<[string, number]> => {
  const before = await file.stat()
  if (!before.isFile()) {
    throw usageError(
      `--living: ${path} is not a regular file; expected one, because its modification time is used`,
    )
  }
  const text = asText(await file.readFile(), path, '--living')
  const after = await file.stat()
  if (after.mtimeMs !== before.mtimeMs || after.size !== before.size) {
    throw usageError(
      `--living: ${path} changed while it was read; run this again when it is complete`,
    )
  }
  return [text, Math.floor(after.mtimeMs / 1000)]
}

/**
 * Reads the list.
 * @param now Unix seconds
 * @throws CommandError
 */
export const readLivingList = async (path: string, now: number): Promise<LivingInstances> => {
  const file = await open(inFolder(path), 'r').catch((error: NodeJS.ErrnoException) => {
    throw usageError(`--living: cannot read ${path} (${error.code ?? error.name})`)
  })
  try {
    const [text, writtenAt] = await readWhole(file, path)
    if (writtenAt > now + 1) {
      throw usageError(
        `--living: ${path} has a modification time in the future; check the clock of this machine`,
      )
    }
    return { ids: readIds(text, path), knowsUntil: writtenAt - MARGIN_SECONDS }
  } finally {
    await file.close()
  }
}
