// State on the Worker: operators.

import { describeState } from '../../cases/state/suite.ts'
import { workerWithState } from './worker.ts'

describeState('operators', 'in workerd', workerWithState())
