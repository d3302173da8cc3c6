// State on the Worker: changes.

import { describeState } from '../../cases/state/cases.ts'
import { workerWithState } from './worker.ts'

describeState('changes', 'in workerd', workerWithState())
