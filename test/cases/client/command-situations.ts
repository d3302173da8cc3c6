// `rollcall enroll` in situations of the table that it shares with bootstrap.sh.

import { afterAll, describe, it } from 'vitest'
import { expectOutcome } from '../../support/client-situations.ts'
import { createCommand } from '../../support/command.ts'
import type { Client, Said, Situation } from '../../support/situation.ts'

const SAID: Said = {
  'no service': /no metadata service at http|the metadata service at http\S+ is not available/,
  'no hardened mode': /hardened mode.*--metadata-mode auto/,
  'token refused': /token/,
  'not found': /is not set/,
  unreachable:
    /the connection was refused|closed the connection|no answer within|the answer is longer than/,
  unavailable: /is not available \(the service answered/,
  foreign_answer: /something else answers at http/,
  challenge_malformed: /answers, but it is not a rollcall service/,
  challenge_foreign: /stopped before anything was signed/,
  challenge_expired: /was too slow each time/,
  enrollment_refused: /refused: the service answered 4\d\d/,
  token_malformed: /answers, but not with a token/,
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
