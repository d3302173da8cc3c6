// `npm run worker:sizes`: keeps the size of each module of the Worker's bundle, so that the next run of
// test/system/worker-bundle.test.ts prints what has grown since.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SIZES_FILE, bundleWorker, moduleSizes } from './worker-bundle.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-sizes-'))
try {
  const { metafile } = await bundleWorker({ outdir: join(folder, 'worker') })
  writeFileSync(SIZES_FILE, `${JSON.stringify(moduleSizes(metafile), null, 2)}\n`)
  console.log(`wrote ${SIZES_FILE}`)
} finally {
  rmSync(folder, { recursive: true })
}
