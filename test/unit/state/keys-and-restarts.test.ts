// State on Node: keys and restarts.

import { describeState } from '../../cases/state/cases.ts'
import { nodeInProcess } from '../../support/node-in-process.ts'

describeState('keys and restarts', 'on Node', nodeInProcess())
