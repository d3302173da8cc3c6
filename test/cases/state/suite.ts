// The suite about state, keys and operators, for a service of any runtime: one start a file.

import { afterAll, beforeAll, describe } from 'vitest'
import { bansAndResets } from './bans-and-resets.ts'
import { firstUseChanges } from './first-use-changes.ts'
import { firstUse } from './first-use.ts'
import { freshness } from './freshness.ts'
import { introspection } from './introspection.ts'
import { keyBinding } from './key-binding.ts'
import { operatorCalls } from './operator-calls.ts'
import { operatorRequests } from './operator-requests.ts'
import { operators } from './operators.ts'
import { restarts } from './restarts.ts'
import { revocations } from './revocations.ts'
import { type Runtime, type StateService, startStateService } from './state-service.ts'

/** Declares all tests over one service. */
export const testState = (name: string, runtime: Runtime): void => {
  describe(name, () => {
    let service: StateService | undefined
    beforeAll(async () => {
      service = await startStateService(runtime)
    })
    afterAll(() => service?.stop())
    const running = (): StateService => service as StateService

    freshness(running)
    firstUse(running)
    firstUseChanges(running)
    bansAndResets(running)
    revocations(running)
    keyBinding(running)
    operators(running)
    operatorCalls(running)
    operatorRequests(running)
    introspection(running)
    restarts(running)
  })
}
