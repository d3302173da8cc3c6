// The Worker's bundle, as `wrangler deploy` would send it for each environment: within its budget,
// without a warning, with all that it needs.

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unstable_readConfig as readConfig } from 'wrangler'
import { cleanEnvironment } from '../support/processes.ts'
import { copyDeployable } from './functions/deployable.ts'
import { ROOT } from '../support/sources.ts'

/** Of `worker.js` alone: what an isolate parses before its first request. */
const MAX_WORKER_GZIP_BYTES = 65_536

const folder = mkdtempSync(join(tmpdir(), 'rollcall-bundle-'))
const project = join(folder, 'project')
beforeAll(() => copyDeployable(project))
afterAll(() => rmSync(folder, { recursive: true }))

/** @param environment empty for what stands at the top of the file */
const bundle = async (environment: string): Promise<string> => {
  const wrangler = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
  const outdir = join(folder, `environment-${environment}`)
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [wrangler, 'deploy', '--dry-run', `--env=${environment}`, `--outdir=${outdir}`],
    { cwd: project, env: cleanEnvironment({ WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' }) },
  )
  return stdout + stderr
}

describe.each([
  { environment: '', name: 'rollcall-dev' },
  { environment: 'staging', name: 'rollcall-staging' },
  { environment: 'production', name: 'rollcall' },
])('the Worker $name', ({ environment, name }) => {
  let output = ''
  beforeAll(async () => {
    output = await bundle(environment)
  })
  const code = (): string =>
    readFileSync(join(folder, `environment-${environment}/worker.js`), 'utf8')

  it('has a worker.js of at most 64 KiB gzip', () => {
    const bytes = gzipSync(code()).length
    const [upload] = /Total Upload: .*/.exec(output) ?? []
    console.log(`${name}: worker.js ${(bytes / 1024).toFixed(2)} KiB gzip; ${upload}`)
    expect(bytes).toBeGreaterThan(1024)
    expect(bytes).toBeLessThanOrEqual(MAX_WORKER_GZIP_BYTES)
  })

  it('is bundled without a warning', () => {
    expect(output).toContain('--dry-run: exiting now')
    expect(output).not.toMatch(/warning|▲|unexpected|deprecated|not inherited/i)
  })

  it('is one file, and the policies that lie beside its source', () => {
    const files = readdirSync(join(folder, `environment-${environment}`)).toSorted()
    const policies = ['policy-production.json', 'policy-staging.json']
    expect(files).toEqual(['README.md', ...policies, 'worker.js', 'worker.js.map'])
  })

  it('holds neither the certificate library nor anything of Node', () => {
    expect(code()).not.toMatch(/reflect-metadata|X509Certificate|from"node:/)
  })

  it('has a name of its own, the objects that remember, and a log of all audit events', () => {
    const config = readConfig({ config: join(ROOT, 'wrangler.toml'), env: environment })
    expect(config).toMatchObject({
      name,
      preview_urls: false,
      durable_objects: { bindings: [{ name: 'LEDGER', class_name: 'LedgerObject' }] },
      migrations: [{ tag: 'v1', new_sqlite_classes: ['LedgerObject'] }],
      observability: { enabled: true, head_sampling_rate: 1 },
    })
    expect(Object.keys(config.vars).filter((variable) => /KEY/.test(variable))).toEqual([])
  })
})
