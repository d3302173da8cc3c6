// `rollcall enroll` in the situations that take seconds: a metadata service that is slow to answer.

import { describeCommand } from '../../cases/client/command-situations.ts'
import { SITUATIONS } from '../../support/client-situations.ts'

describeCommand(SITUATIONS.filter(([, { isSlow }]) => isSlow))
