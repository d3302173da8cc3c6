// The cases about state, keys and operators, for a service of any runtime: in four parts, each with a service of
// its own, so that they can run side by side.

import { afterAll, beforeAll, describe } from 'vitest'
import { describeBansAndResets } from './bans-and-resets.ts'
import { describeFirstUseChanges } from './first-use-changes.ts'
import { describeFirstUse } from './first-use.ts'
import { describeFreshness } from './freshness.ts'
import { describeIntrospection } from './introspection.ts'
import { describeKeyBinding } from './key-binding.ts'
import { describeOperatorCalls } from './operator-calls.ts'
import { describeOperatorRequests } from './operator-requests.ts'
import { describeOperators } from './operators.ts'
import { describeRestarts } from './restarts.ts'
import { describeRevocations } from './revocations.ts'
import { type Runtime, type StateService, startStateService } from './state-service.ts'

/** Declares the cases of one subject. */
type Cases = (service: () => StateService) => void

/** Each part with its cases, in their order: those that stop and start the service come last. */
const PARTS = {
  enrollment: [describeFreshness, describeFirstUse],
  changes: [describeFirstUseChanges, describeBansAndResets, describeRevocations],
  'keys and restarts': [describeKeyBinding, describeRestarts],
  operators: [
    describeOperators,
    describeOperatorCalls,
    describeOperatorRequests,
    describeIntrospection,
  ],
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
