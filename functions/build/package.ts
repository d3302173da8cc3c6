// `npm run build`: the package, into `dist/package`, with the notices of what is bundled.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { type TsdownBundle, build } from 'tsdown'
import { type Files, putMadeFiles } from './made-files.ts'
import { NOTICES_FILE, noticesFor } from './notices.ts'

const FOLDER = 'dist/package'
/** The folder of the only file that contains packages. */
const COMMAND = 'cli'

const contentsOf = (bundles: readonly TsdownBundle[], outDir: string): Files => {
  const chunks = bundles.flatMap((bundle) => bundle.chunks)
  const files = new Map<string, string | Uint8Array>(
    chunks.map(({ fileName }) => [fileName, readFileSync(join(outDir, fileName))]),
  )
  const isCommand = (fileName: string): boolean => fileName.startsWith(`${COMMAND}/`)
  const modulesOf = (command: boolean): string[] =>
    chunks.flatMap((chunk) =>
      chunk.type === 'chunk' && isCommand(chunk.fileName) === command ? chunk.moduleIds : [],
    )
  // Users of the library install its packages themselves, one copy of each.
  const inLibrary = noticesFor(modulesOf(false))
  if (inLibrary !== undefined) throw new Error(`a package is in the library:\n${inLibrary}`)
  const notices = noticesFor(modulesOf(true))
  if (notices === undefined) throw new Error('no package is in the command')
  return files.set(`${COMMAND}/${NOTICES_FILE}`, notices)
}

const root = fileURLToPath(new URL('../..', import.meta.url))
process.chdir(root)
const outDir = mkdtempSync(join(tmpdir(), 'rollcall-build-'))
try {
  const files = contentsOf(await build({ outDir }), outDir)
  putMadeFiles(FOLDER, files, { exclusive: true })
  process.stdout.write(`${files.size} files in ${FOLDER}\n`)
} catch (error) {
  process.stderr.write(`npm run build: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  rmSync(outDir, { recursive: true })
}
