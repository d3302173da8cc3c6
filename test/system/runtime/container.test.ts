// The container image: its file system, started as its `CMD`, `USER` and `ENV` say.

import type { TestContext } from 'vitest'
import { buildImage, requireNamespaces, startContainer } from '../functions/image.ts'
import { requireNode24 } from '../../support/node24.ts'
import { onProcess } from './deploy.ts'
import { describeRuntime } from '../../cases/runtime/cases.ts'

describeRuntime(
  'Container, Redis',
  /^node v2[4-9]\./,
  onProcess('redis', async (_, context) => {
    requireNamespaces(context)
    const image = await buildImage(await requireNode24(context as TestContext))
    return { start: (env) => startContainer(image, { env }), remove: image.remove }
  }),
)
