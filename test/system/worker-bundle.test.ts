// The Worker's bundle, as `wrangler deploy` would send it for each environment: within its limit, without a
// warning, with all that it needs, and with nothing at start that only others need.

import { build } from 'esbuild'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unstable_readConfig as readConfig } from 'wrangler'
import { ROOT } from '../support/sources.ts'
import {
  type ModuleSizes,
  NEVER_EAGER,
  SIZES_COMMAND,
  SIZES_FILE,
  type WorkerBundle,
  bundleWorker,
  eagerProblems,
  growthReport,
  moduleSizes,
} from '../support/worker-bundle.ts'
import { copyDeployable } from './functions/deployable.ts'

/**
 * Of `worker.js` alone: what an isolate parses before its first request. Wrangler's "Total Upload" also counts
 * modules that load later, so it is only printed.
 */
const MAX_WORKER_GZIP_BYTES = 65_536

const folder = mkdtempSync(join(tmpdir(), 'rollcall-bundle-'))
const project = join(folder, 'project')
beforeAll(() => copyDeployable(project))
afterAll(() => rmSync(folder, { recursive: true }))

/** What each module has gained since its size was last kept, as text. */
const growthText = (metafile: WorkerBundle['metafile']): string => {
  const kept = JSON.parse(readFileSync(SIZES_FILE, 'utf8')) as ModuleSizes
  const lines = growthReport(kept, moduleSizes(metafile))
  if (lines.length === 0) return 'No module of the bundle has another size than last kept.'
  const title = `Modules whose size changed; \`${SIZES_COMMAND}\` keeps the new sizes.`
  return [title, ' growth   bytes  module', ...lines].join('\n')
}

describe.each([
  { environment: '', name: 'rollcall-dev' },
  { environment: 'staging', name: 'rollcall-staging' },
  { environment: 'production', name: 'rollcall' },
])('the Worker $name', ({ environment, name }) => {
  const outdir = join(folder, `environment-${environment}`)
  let bundle: WorkerBundle
  beforeAll(async () => {
    bundle = await bundleWorker({ outdir, project, environment })
  })
  const code = (): string => readFileSync(join(outdir, 'worker.js'), 'utf8')

  it('has a worker.js of at most 64 KiB gzip', () => {
    const bytes = gzipSync(code()).length
    const [upload] = /Total Upload: .*/.exec(bundle.output) ?? []
    const growth = growthText(bundle.metafile)
    console.log(`${name}: worker.js ${(bytes / 1024).toFixed(2)} KiB gzip; ${upload}\n${growth}`)
    expect(bytes).toBeGreaterThan(1024)
    expect(bytes, `worker.js is larger than 64 KiB gzip.\n${growth}`).toBeLessThanOrEqual(
      MAX_WORKER_GZIP_BYTES,
    )
  })

  it('loads nothing at start that must not be there', () => {
    // The paths are those that the rules are written for.
    expect(moduleSizes(bundle.metafile)).toHaveProperty(['src/service.ts'])
    expect(eagerProblems(bundle.metafile)).toEqual([])
  })

  it('is bundled without a warning', () => {
    expect(bundle.output).toContain('--dry-run: exiting now')
    expect(bundle.output).not.toMatch(/warning|▲|unexpected|deprecated|not inherited/i)
  })

  it('is one file, and the policies that lie beside its source', () => {
    const files = readdirSync(outdir).toSorted()
    const policies = ['policy-production.json', 'policy-staging.json']
    expect(files).toEqual(['README.md', ...policies, 'worker.js', 'worker.js.map'])
  })

  it('holds neither the certificate library nor anything of Node', () => {
    expect(code()).not.toMatch(/reflect-metadata|X509Certificate|from"node:/)
  })

  it('has a name of its own, the objects that store state, and a log of all audit events', () => {
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

describe('the guard of the bundle', () => {
  /** Bundles a project in which `functions/worker.ts` imports `src/middle.ts`, which has this text. */
  const bundleMiddle = async (middle: string, external: string[] = []) => {
    const root = mkdtempSync(join(folder, 'guard-'))
    const write = (path: string, text: string): void => {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    for (const name of NEVER_EAGER.packages) {
      write(`node_modules/${name}/index.js`, 'export const used = Math.random()\n')
    }
    for (const name of NEVER_EAGER.folders) write(`${name}a.ts`, 'export const used = 1\n')
    write('src/middle.ts', middle)
    write('functions/worker.ts', "import '../src/middle.ts'\n")
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: ['functions/worker.ts'],
      bundle: true,
      write: false,
      metafile: true,
      outfile: 'worker.js',
      format: 'esm',
      external,
    })
    return metafile
  }
  const start = 'functions/worker.ts -> src/middle.ts'

  it.each(NEVER_EAGER.packages)('finds the package %s, and says who imports it', async (name) => {
    const metafile = await bundleMiddle(`import { used } from '${name}'\nconsole.log(used)\n`)
    expect(eagerProblems(metafile)).toEqual([
      `${name} loads when the Worker starts. Remove an import of this chain: ` +
        `${start} -> node_modules/${name}/index.js`,
    ])
  })

  it.each(NEVER_EAGER.folders)('finds the folder %s, and says who imports it', async (name) => {
    const metafile = await bundleMiddle(`import '../${name}a.ts'\n`)
    expect(eagerProblems(metafile)).toEqual([
      `${name} loads when the Worker starts. Remove an import of this chain: ` +
        `${start} -> ${name}a.ts`,
    ])
  })

  it('finds a package that the bundler leaves as an import', async () => {
    const metafile = await bundleMiddle("import 'yaml'\n", ['yaml'])
    expect(eagerProblems(metafile)).toHaveLength(1)
  })

  it('passes over what loads later, and over packages with a similar name', async () => {
    const later = [...NEVER_EAGER.packages, ...NEVER_EAGER.folders.map((name) => `../${name}a.ts`)]
    const metafile = await bundleMiddle(
      later
        .map((name) => `export const load${later.indexOf(name)} = () => import('${name}')`)
        .join('\n'),
    )
    expect(eagerProblems(metafile)).toEqual([])
    expect(eagerProblems(await bundleMiddle("import 'yaml-ast'\n", ['yaml-ast']))).toEqual([])
  })

  it('lists what grew, the most first, and what came and went', () => {
    const before = { 'a.ts': 10, 'b.ts': 20, 'c.ts': 30, 'gone.ts': 5 }
    expect(growthReport(before, { 'a.ts': 11, 'b.ts': 20, 'c.ts': 28, 'new.ts': 100 })).toEqual([
      '   +100     100  new.ts',
      '     +1      11  a.ts',
      '     -2      28  c.ts',
      '     -5       0  gone.ts',
    ])
    expect(growthReport(before, before)).toEqual([])
  })
})
