// `npm run build:command`: bundles the command `rollcall` into one file for the image, with the notices of the packages in
// it. `npm run build` makes the npm package, which takes much longer. An argument names another folder than `dist/command`.

import { build } from 'esbuild'
import { mkdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { BUNDLE_OPTIONS } from './build/bundle-options.ts'
import { putMadeFiles } from './build/made-files.ts'
import { NOTICES_FILE, noticesFor } from './build/notices.ts'

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

const { version } = JSON.parse(readFileSync(pathOf('../package.json'), 'utf8')) as {
  readonly version: string
}

const [, , folder = pathOf('../dist/command')] = process.argv

const { outputFiles, metafile } = await build({
  ...BUNDLE_OPTIONS,
  entryPoints: [pathOf('../src/cli/rollcall.ts')],
  define: { ROLLCALL_VERSION: JSON.stringify(version) },
  outdir: folder,
  write: false,
  metafile: true,
})
const made = new Map<string, string | Uint8Array>(
  outputFiles.map(({ path, contents }) => [basename(path), contents]),
)
made.set(NOTICES_FILE, noticesFor(Object.keys(metafile.inputs)) ?? '')
mkdirSync(folder, { recursive: true, mode: 0o755 })
putMadeFiles(folder, made)
