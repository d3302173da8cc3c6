// enrollInstance() in the situations of bootstrap.sh and of the command: it ends as they do.

import { describe, it } from 'vitest'
import { CLIENT_STATUS } from '../../../src/cli/exit-status.ts'
import { ClientError, enrollInstance } from '../../../src/client/index.ts'
import { MetadataError, createMetadataClient } from '../../../src/metadata/index.ts'
import { SITUATIONS, expectOutcome } from '../../support/client-situations.ts'
import type { Client, Said } from '../../support/situation.ts'

/** What has been typed wrongly is for the command to find. */
const USAGE = 2

const library: Client = async ({ timing: { now, ...timing } }, { url, env, situation }) => {
  const { clockShiftSeconds = 0 } = situation
  const shifted = { ...timing, now: () => now() + clockShiftSeconds }
  const attempts = env['ROLLCALL_ATTEMPTS']
  let retries = 0
  try {
    const { accessToken } = await enrollInstance({
      issuer: url,
      role: env['ROLLCALL_ROLE'],
      resource: env['ROLLCALL_RESOURCE'],
      attempts: attempts === undefined ? undefined : Number(attempts),
      timing: shifted,
      onRetry: () => void retries++,
      metadata: createMetadataClient({
        baseUrl: env['ROLLCALL_METADATA_URL'],
        mode: env['ROLLCALL_METADATA_MODE'] as 'auto' | undefined,
        timing: shifted,
      }),
    })
    return { status: 0, stdout: accessToken, stderr: '', retries }
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    const { cause, code, reason } = error
    const stderr = cause instanceof MetadataError ? cause.code : code
    return { status: CLIENT_STATUS[code], stdout: '', stderr, reason, retries }
  }
}

const SAID: Said = {
  'no service': /^(?:unreachable|unavailable)$/,
  'no hardened mode': /^no_hardened_mode$/,
  'token refused': /^token_refused$/,
  'not found': /^not_found$/,
  unreachable: /^unreachable$/,
  unavailable: /^unavailable$/,
  foreign_answer: /^foreign_answer$/,
  challenge_malformed: /^challenge_malformed$/,
  challenge_foreign: /^challenge_foreign$/,
  challenge_expired: /^challenge_expired$/,
  enrollment_refused: /^enrollment_refused$/,
  token_malformed: /^token_malformed$/,
}

describe('enrollInstance()', () => {
  it.each(SITUATIONS.filter(([, { status, isSlow }]) => status !== USAGE && !isSlow))(
    'ends as bootstrap.sh and the command do when %s',
    async (_, situation) => {
      await expectOutcome(situation, library, SAID)
    },
  )
})
