// `npm run build:functions`: the entries for Node and for Function Compute, each as one file that needs no
// `node_modules`, and beside them what a deployment to Function Compute takes along (deployment-files.ts). An argument
// names another folder than `dist/functions`, which gets the two entries alone.

import { build } from 'esbuild'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { copyDeploymentFiles } from './deployment-files.ts'

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

// ioredis is CommonJS, and asks for what Node brings along in its way.
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`

const [, , elsewhere] = process.argv
const folder = elsewhere ?? pathOf('../dist/functions')

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

if (elsewhere === undefined) {
  for (const path of copyDeploymentFiles(pathOf('.'), folder)) {
    process.stderr.write(`functions/${path} is missing; without it the function will not start\n`)
  }
}
