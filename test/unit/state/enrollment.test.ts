// State on Node: enrollment.

import { describeState } from '../../cases/state/cases.ts'
import { nodeInProcess } from '../../support/node-in-process.ts'

describeState('enrollment', 'on Node', nodeInProcess())
