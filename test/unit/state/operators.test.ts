// State on Node: operators.

import { describeState } from '../../cases/state/cases.ts'
import { nodeInProcess } from '../../support/node-in-process.ts'

describeState('operators', 'on Node', nodeInProcess())
