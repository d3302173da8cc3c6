// Node 24 with Redis.

import { requireNode24 } from '../support/node24.ts'
import type { TestContext } from 'vitest'
import { onProcess } from './deploy.ts'
import { describeRuntime } from './suite.ts'

describeRuntime(
  'Node 24, Redis',
  onProcess('redis', async (_, context) => ({
    command: await requireNode24(context as TestContext),
    args: ['functions/node.ts'],
  })),
)
