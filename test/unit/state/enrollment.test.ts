// State on Node: enrollment.

import { describeState } from '../../cases/state/suite.ts'
import { nodeInProcess } from '../../support/node-in-process.ts'

describeState('enrollment', 'on Node', nodeInProcess())
