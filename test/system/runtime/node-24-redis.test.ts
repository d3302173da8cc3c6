// Node 24 with Redis.

import type { TestContext } from 'vitest'
import { requireNode24 } from '../../support/node24.ts'
import { entryOf, onProcess } from './deploy.ts'
import { describeRuntime } from '../../cases/runtime/cases.ts'

describeRuntime(
  'Node 24, Redis',
  /^node v2[4-9]\./,
  onProcess('redis', async (_, context) =>
    entryOf(await requireNode24(context as TestContext), 'functions/node.ts'),
  ),
)
