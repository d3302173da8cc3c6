// Where a token goes: into a file, to a command, or to standard output.

import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Enrolled } from '../../client/index.ts'
import type { Cleanup } from '../cleanup.ts'
import { usageError } from '../command-error.ts'
import { say } from '../say.ts'
import { printJson, timeText } from '../output.ts'
import { inFolder, thisRun } from '../run.ts'
import { cannotWrite, replaceSecret, tryWriting } from '../secret-file.ts'
import { runHook } from './hook.ts'

/** What to do with a token. */
export interface DeliveryOptions {
  /** Absolute. */
  readonly out?: string | undefined
  readonly exec?: string | undefined
  readonly json?: true | undefined
  readonly cleanup: Cleanup
  /** Ends the command that gets this token. Default: never. */
  readonly due?: AbortSignal | undefined
}

/** The absolute path of the file to write. @throws CommandError if it can't be written */
export const checkOut = (path: string | undefined): string | undefined => {
  if (path === undefined || path === '') return undefined
  const out = inFolder(path)
  const there = statSync(out, { throwIfNoEntry: false })
  if (there?.isDirectory()) throw usageError(`--out: ${path} is a folder; expected a file in it`)
  // The token would replace a device or a pipe.
  if (there?.isFile() === false) {
    throw usageError(`--out: ${path} is a device or a pipe; expected a file, or no --out at all`)
  }
  try {
    // Checked before any request: a token that can't be written would be lost.
    tryWriting(out)
  } catch (error) {
    throw cannotWrite(error, path, '--out')
  }
  return out
}

/** Checks that the token does not replace the key. @param out as `checkOut` gives it @throws CommandError */
export const checkKeyIsApart = (out: string | undefined, key: string | undefined): void => {
  if (out === undefined || key === undefined) return
  const [token, other] = [out, inFolder(key)].map((path) => ({
    path: resolve(path),
    there: statSync(path, { throwIfNoEntry: false }),
  }))
  const isOneFile =
    token?.there !== undefined &&
    token.there.ino === other?.there?.ino &&
    token.there.dev === other.there.dev
  if (token?.path === other?.path || isOneFile) {
    throw usageError('--out and --dpop-key name one file; the token would replace the key')
  }
}

const writeToken = (path: string, token: string): void => {
  try {
    replaceSecret(path, token)
  } catch (error) {
    throw cannotWrite(error, path, '--out')
  }
}

const report = (
  { accessToken, ...enrolled }: Enrolled,
  { out, exec, json }: DeliveryOptions,
): void => {
  const isKept = out !== undefined || exec !== undefined
  if (json) {
    printJson({
      ...(!isKept && { access_token: accessToken }),
      token_type: enrolled.tokenType,
      expires_in: enrolled.expiresInSeconds,
      expires_at: timeText(enrolled.expiresAt),
      role: enrolled.role,
      renewable: enrolled.renewable,
      token_file: out,
    })
  } else if (!isKept) {
    const { stdout } = thisRun()
    stdout.write(stdout.isTTY ? `${accessToken}\n` : accessToken)
  } else if (out !== undefined) say(`enrolled as ${enrolled.role}; the token is in ${out}`)
}

/** Delivers a token. @throws CommandError if it can't be written, or the command fails */
export const deliver = async (enrolled: Enrolled, options: DeliveryOptions): Promise<void> => {
  const { out, exec, cleanup, due } = options
  if (out !== undefined) writeToken(out, enrolled.accessToken)
  report(enrolled, options)
  if (exec === undefined) return
  if (out !== undefined) return runHook(exec, { tokenFile: out, cleanup, due })

  const folder = mkdtempSync(join(tmpdir(), 'rollcall-'))
  const remove = cleanup.add(() => rmSync(folder, { recursive: true, force: true }))
  try {
    const tokenFile = join(folder, 'token')
    writeToken(tokenFile, enrolled.accessToken)
    await runHook(exec, { tokenFile, cleanup, due })
  } finally {
    remove()
  }
}
