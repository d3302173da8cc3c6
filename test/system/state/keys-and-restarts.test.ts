// State on the Worker: keys and restarts.

import { describeState } from '../../cases/state/cases.ts'
import { workerWithState } from './worker.ts'

describeState('keys and restarts', 'in workerd', workerWithState())
