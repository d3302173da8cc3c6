// Cloudflare Workers: workerd under `wrangler dev`, its Durable Objects on disk.

import { onWorkers } from './deploy.ts'
import { describeRuntime } from '../../cases/runtime/cases.ts'

describeRuntime('Workers, Durable Objects', /^workerd 20/, onWorkers)
