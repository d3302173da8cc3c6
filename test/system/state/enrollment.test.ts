// State on the Worker: enrollment.

import { describeState } from '../../cases/state/cases.ts'
import { workerWithState } from './worker.ts'

describeState('enrollment', 'in workerd', workerWithState())
