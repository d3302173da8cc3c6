// State on the Worker: changes.

import { describeState } from '../../cases/state/suite.ts'
import { workerWithState } from '../../cases/state/worker.ts'

describeState('changes', 'in workerd', workerWithState())
