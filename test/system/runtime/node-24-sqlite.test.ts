// Node 24 with a SQLite file.

import type { TestContext } from 'vitest'
import { requireNode24 } from '../../support/node24.ts'
import { entryOf, onProcess } from './deploy.ts'
import { describeRuntime } from '../../cases/runtime/cases.ts'

describeRuntime(
  'Node 24, SQLite',
  /^node v2[4-9]\./,
  onProcess('sqlite', async (_, context) =>
    entryOf(await requireNode24(context as TestContext), 'functions/node.ts'),
  ),
)
