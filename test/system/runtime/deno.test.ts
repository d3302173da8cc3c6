// Deno with Deno KV in a file, with the permissions that the documentation names and no other.

import { join } from 'node:path'
import { DENO } from '../../support/start-service.ts'
import { entryOf, onProcess } from './deploy.ts'
import { describeRuntime } from '../../cases/runtime/cases.ts'

describeRuntime(
  'Deno, Deno KV',
  /^deno 2\./,
  onProcess('deno-kv', ({ folder }) => {
    const data = join(folder, 'data')
    const files = [`--allow-read=${data}`, `--allow-write=${data}`]
    const flags = ['--no-prompt', '--cached-only', '--unstable-kv', '--allow-net', '--allow-env']
    return entryOf(DENO, 'run', ...flags, ...files, 'functions/deno.ts')
  }),
)
