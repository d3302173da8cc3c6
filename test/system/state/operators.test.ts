// State on the Worker: operators.

import { describeState } from '../../cases/state/cases.ts'
import { workerWithState } from './worker.ts'

describeState('operators', 'in workerd', workerWithState())
