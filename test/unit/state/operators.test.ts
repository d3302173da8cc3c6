// State on Node: operators.

import { describeState } from '../../cases/state/suite.ts'
import { nodeInProcess } from '../../support/node-in-process.ts'

describeState('operators', 'on Node', nodeInProcess())
