// What a relying party loads: all of `rollcall/relying-party` with proofs, as esbuild bundles it for production.

import { build } from 'esbuild'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { ROOT } from '../../support/sources.ts'

const MAX_GZIP_BYTES = 12_288
const SHOWN = 12

it('rollcall/relying-party has at most 12 KB gzip, without hono', async () => {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/relying-party/index.ts'],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    metafile: true,
    outfile: 'relying-party.js',
  })
  const [{ contents, text } = { contents: new Uint8Array(), text: '' }] = outputFiles
  const { inputs = {} } = metafile.outputs['relying-party.js'] ?? {}
  const largest = Object.entries(inputs)
    .map(([path, { bytesInOutput }]) => ({ path, bytes: bytesInOutput }))
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, SHOWN)
    .map(({ path, bytes }) => `${String(bytes).padStart(6)}  ${path}`)
  const gzip = gzipSync(contents, { level: 9 }).length
  const report = `rollcall/relying-party: ${gzip} of ${MAX_GZIP_BYTES} bytes gzip\n minified  module\n${largest.join('\n')}`
  console.log(report)
  expect(text).toContain('keys_unavailable')
  expect(Object.keys(inputs).filter((path) => path.includes('hono'))).toEqual([])
  expect(gzip, report).toBeLessThanOrEqual(MAX_GZIP_BYTES)
})
