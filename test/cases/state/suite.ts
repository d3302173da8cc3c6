// The cases about state, keys and operators, for a service of any runtime: in four parts, each with a service of
// its own, so that they can run side by side.

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

/** Declares the cases of one subject. */
type Cases = (service: () => StateService) => void

/** Each part with its cases, in their order: those that stop and start the service come last. */
const PARTS = {
  enrollment: [freshness, firstUse],
  changes: [firstUseChanges, bansAndResets, revocations],
  'keys and restarts': [keyBinding, restarts],
  operators: [operators, operatorCalls, operatorRequests, introspection],
} satisfies Readonly<Record<string, readonly Cases[]>>

/** Declares the cases of one part, over one service. */
export const describeState = (part: keyof typeof PARTS, where: string, runtime: Runtime): void => {
  describe(where, () => {
    let service: StateService | undefined
    beforeAll(async () => {
      service = await startStateService(runtime)
    })
    afterAll(() => service?.stop())
    for (const cases of PARTS[part]) cases(() => service as StateService)
  })
}
