// `rollcall enroll` in situations of the table that it shares with bootstrap.sh.

import { afterAll, describe, it } from 'vitest'
import {
  type Client,
  type MetadataFailure,
  type Situation,
  expectOutcome,
} from '../../support/client-situations.ts'
import { createCommand } from '../../support/command.ts'

const SAID: Readonly<Record<MetadataFailure, RegExp>> = {
  'no service': /no metadata service at http|the metadata service at http\S+ is not available/,
  'no hardened mode': /hardened mode.*--metadata-mode auto/,
  'token refused': /token/,
  'not found': /is not set/,
}

/** Runs the command in each situation, in this process. */
export const describeCommand = (situations: readonly (readonly [string, Situation])[]): void => {
  const command = createCommand()
  afterAll(() => command.remove())

  const byCommand: Client = ({ timing }, { url, env, situation }) => {
    const { clockShiftSeconds = 0 } = situation
    return command.run(['enroll', url], {
      env,
      timing: { ...timing, now: () => timing.now() + clockShiftSeconds },
    })
  }

  describe.concurrent('rollcall enroll', () => {
    it.for(situations)('ends as it should when %s', ([, situation]) =>
      expectOutcome(situation, byCommand, SAID),
    )
  })
}
