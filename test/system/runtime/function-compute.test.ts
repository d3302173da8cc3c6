// Function Compute: the bundle that is deployed, on 0.0.0.0, with the platform before it.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import { requireNode24 } from '../../support/node24.ts'
import { reservePort } from '../../support/ports.ts'
import { startProcess } from '../../support/processes.ts'
import { onProcess } from './deploy.ts'
import { PLATFORM_VARIABLES, behindPlatform } from './function-compute.ts'
import { describeRuntime } from '../../cases/runtime/cases.ts'

describeRuntime(
  'Function Compute, Redis',
  /^node v2[4-9]\./,
  onProcess(
    'redis',
    async ({ folder }, context) => {
      const node = await requireNode24(context as TestContext)
      const build = ['--import', 'tsx', 'functions/build.ts', folder]
      await promisify(execFile)(process.execPath, build)
      const start = (env: Record<string, string>) =>
        startProcess(node, [join(folder, 'fc.mjs')], { ...PLATFORM_VARIABLES, ...env })
      return { start, port: await reservePort() }
    },
    behindPlatform,
  ),
)
