// `npm run build:functions`: bundles the entries for Node and for Function Compute, each into one
// file that needs no `node_modules`. It adds the notices of the packages in them, and the files of
// a deployment to Function Compute (deployment-files.ts). An argument names another folder than
// `dist/functions`, without the latter.

import { build } from 'esbuild'
import { chmodSync, mkdirSync } from 'node:fs'
import { basename } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { BUNDLE_OPTIONS } from './build/bundle-options.ts'
import { putMadeFiles } from './build/made-files.ts'
import { NOTICES_FILE, noticesFor } from './build/notices.ts'
import { type DeploymentFiles, readDeploymentFiles } from './deployment-files.ts'

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

const NOTHING: DeploymentFiles = { files: new Map(), deploys: false, missing: [] }

const [, , elsewhere] = process.argv
const folder = elsewhere ?? pathOf('../dist/functions')

const { outputFiles, metafile } = await build({
  ...BUNDLE_OPTIONS,
  entryPoints: [pathOf('fc.ts'), pathOf('node.ts')],
  outdir: folder,
  write: false,
  metafile: true,
})
const made = new Map<string, string | Uint8Array>(
  outputFiles.map(({ path, contents }) => [basename(path), contents]),
)
made.set(NOTICES_FILE, noticesFor(Object.keys(metafile.inputs)) ?? '')

const { files, deploys, missing } =
  elsewhere === undefined ? readDeploymentFiles(pathOf('.')) : NOTHING
try {
  mkdirSync(folder, { recursive: true })
  // The function may run as any user, so all may read the files. Here only the owner may enter.
  chmodSync(folder, deploys ? 0o700 : 0o755)
  for (const [name, content] of files) made.set(name, content)
  putMadeFiles(folder, made)
  for (const path of missing) {
    process.stderr.write(`functions/${path} is missing; without it the function will not start\n`)
  }
} catch (error) {
  process.stderr.write(`npm run build:functions: ${(error as Error).message}\n`)
  process.exitCode = 1
}
