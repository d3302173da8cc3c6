// `npm run build:functions`: the entries for Node and for Function Compute, each as one file that needs no
// `node_modules`, and beside them the policy for Function Compute, if `functions/policy-production.json` is there.
// An argument names another folder than `dist/functions`.

import { build } from 'esbuild'
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

// ioredis is CommonJS, and asks for what Node brings along in its way.
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`

const folder = process.argv[2] ?? pathOf('../dist/functions')
const policy = pathOf('policy-production.json')

await build({
  entryPoints: [pathOf('fc.ts'), pathOf('node.ts')],
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  banner: { js: REQUIRE },
  minify: true,
  // What ioredis throws is told apart by name.
  keepNames: true,
  legalComments: 'none',
  logLevel: 'warning',
})

// People write it in one place, which no build deletes.
if (existsSync(policy)) copyFileSync(policy, join(folder, 'policy.json'))
