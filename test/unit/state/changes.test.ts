// State on Node: changes.

import { describeState } from '../../cases/state/cases.ts'
import { nodeInProcess } from '../../support/node-in-process.ts'

describeState('changes', 'on Node', nodeInProcess())
