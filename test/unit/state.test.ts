// The suite on the Node server, its ledger in memory: one process, so there is no other to replay to.

import { startNode } from '../support/services.ts'
import { testState } from '../cases/state/suite.ts'

testState('on Node', { persistent: false, start: startNode })
