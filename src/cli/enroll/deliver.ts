// Where a token goes: into a file, to a command, or to standard output.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Enrolled } from '../../client/index.ts'
import type { Cleanup } from '../cleanup.ts'
import { printJson, timeText } from '../output.ts'
import { say } from '../say.ts'
import { printToken, writeToken } from '../token-out.ts'
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
    printToken(accessToken)
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
