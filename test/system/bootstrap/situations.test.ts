// bootstrap.sh in each situation of the table that it shares with the command.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { bootstrapScript } from '../../../src/http/bootstrap-script.ts'
import { createScriptTime, runScript } from '../../support/bootstrap.ts'
import { SITUATIONS, expectOutcome } from '../../support/client-situations.ts'
import { requireTool } from '../../support/requirements.ts'
import type { Client, Said } from '../../support/situation.ts'

const SAID: Said = {
  'no service': /no metadata service at http|the metadata service at http\S+ is not available/,
  'no hardened mode': /no hardened mode at .*set ROLLCALL_METADATA_MODE=auto/,
  'token refused': /gives no (?:metadata token|instance-identity\/document) \(status 40[013]/,
  'not found': /gives no instance-identity\/\w+ \(status 404/,
  unreachable: /does not answer \(/,
  unavailable: /is not available: /,
  foreign_answer: /something else answers at http/,
  challenge_malformed: /answers, but it is not a rollcall service/,
  challenge_foreign: /stopped before anything was signed/,
  challenge_expired: /each challenge of \S+ expired/,
  enrollment_refused: /refused: .*\(status 4\d\d/,
  token_malformed: /answers, but not with a token/,
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-situations-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs the script without waiting, with a `date` as wrong as the situation says. */
const byScript: Client = (_, { url, env, situation: { clockShiftSeconds: shift } }) => {
  const date = `echo ${Math.floor(Date.now() / 1000) + (shift ?? 0)}`
  const time = createScriptTime(mkdtempSync(join(folder, 'time-')), shift ? { date } : {})
  return runScript(['sh'], bootstrapScript({ issuer: url }), { PATH: time.PATH, ...env })
}

describe.concurrent('bootstrap.sh', () => {
  it.for(SITUATIONS)('ends as it should when %s', async ([, situation], context) => {
    requireTool(context, 'curl', 'apt-get install curl')
    for (const tool of ['sha256sum', 'base64', 'od']) {
      requireTool(context, tool, 'apt-get install coreutils')
    }
    await expectOutcome(situation, byScript, SAID)
  })
})
