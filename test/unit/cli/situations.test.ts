// `rollcall enroll` in the situations in which nothing has to be waited for.

import { describeCommand } from '../../cases/client/command-situations.ts'
import { SITUATIONS } from '../../support/client-situations.ts'

describeCommand(SITUATIONS.filter(([, { isSlow }]) => !isSlow))
