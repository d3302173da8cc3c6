// The Worker's bundle, as `wrangler deploy` would send it: within its budget, without a warning.

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cleanEnvironment } from './support/processes.ts'
import { ROOT } from './support/sources.ts'

const BUDGET_BYTES = 40_960

describe('the Worker', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-bundle-'))
  let output = ''
  beforeAll(async () => {
    const wrangler = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [wrangler, 'deploy', '--dry-run', '--outdir', folder],
      { cwd: ROOT, env: cleanEnvironment({ WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' }) },
    )
    output = stdout + stderr
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('has a bundle of at most 40,960 bytes gzip by wrangler deploy --dry-run', () => {
    const [, kib] = /gzip: ([0-9.]+) KiB/.exec(output) ?? []
    expect(Number(kib) * 1024).toBeGreaterThan(1024)
    expect(Number(kib) * 1024).toBeLessThanOrEqual(BUDGET_BYTES)
    expect(gzipSync(readFileSync(join(folder, 'worker.js'))).length).toBeLessThanOrEqual(
      BUDGET_BYTES,
    )
  })

  it('is bundled without a warning', () => {
    expect(output).toContain('--dry-run: exiting now')
    expect(output).not.toMatch(/warning|▲|unexpected|deprecated/i)
  })

  it('holds neither the certificate library nor anything of Node', () => {
    const code = readFileSync(join(folder, 'worker.js'), 'utf8')
    expect(code).not.toMatch(/reflect-metadata|X509Certificate|from"node:/)
  })
})
