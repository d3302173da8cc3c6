// The Worker's bundle: made by wrangler as for a deployment, and what esbuild says about its modules. Which
// modules load at start, which of them must not, and how many bytes each module has.

import type { Metafile } from 'esbuild'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cleanEnvironment } from './processes.ts'
import { ROOT } from './sources.ts'

/** Packages and folders that must never load when an isolate starts. */
export const NEVER_EAGER = {
  packages: ['@peculiar/x509', 'reflect-metadata', 'commander', 'yaml'],
  // `src/service/` reaches every driver.
  folders: [
    'src/emulator/',
    'src/cli/',
    'src/client/',
    'src/metadata/',
    'src/node/',
    'src/service/',
  ],
} as const

/** What {@link bundleWorker} made. */
export interface WorkerBundle {
  readonly metafile: Metafile
  /** What wrangler printed. */
  readonly output: string
}

/**
 * Puts the bundle that `wrangler deploy` would send into a folder, as `worker.js`.
 * @param options.outdir the folder; esbuild's metafile lies beside it, as `OUTDIR.json`
 * @param options.project the folder of `wrangler.toml`. Default: this project
 * @param options.environment of `wrangler.toml`. Default: what stands at the top of the file
 */
export const bundleWorker = async ({
  outdir,
  project = ROOT,
  environment = '',
}: {
  readonly outdir: string
  readonly project?: string
  readonly environment?: string
}): Promise<WorkerBundle> => {
  const wrangler = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
  const metafile = `${outdir}.json`
  const files = [`--outdir=${outdir}`, `--metafile=${metafile}`]
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [wrangler, 'deploy', '--dry-run', `--env=${environment}`, ...files],
    { cwd: project, env: cleanEnvironment({ WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' }) },
  )
  return {
    metafile: JSON.parse(readFileSync(metafile, 'utf8')) as Metafile,
    output: stdout + stderr,
  }
}

/** A path without what lies above `node_modules`, which may be a link to another folder. */
const shortPath = (path: string): string => path.replace(/^.*?(?=node_modules\/)/, '')

/** The one output that has an entry point. */
const entryOutput = ({ outputs }: Metafile): Metafile['outputs'][string] => {
  const found = Object.values(outputs).filter(({ entryPoint }) => entryPoint !== undefined)
  if (found.length !== 1) throw new Error(`expected one entry point, found ${found.length}`)
  return found[0] as Metafile['outputs'][string]
}

/**
 * Every module that loads together with the entry: what static imports reach.
 * @returns for each module the shortest chain of imports, from the entry to the module itself
 */
const eagerChains = (metafile: Metafile): Map<string, readonly string[]> => {
  const { entryPoint = '' } = entryOutput(metafile)
  const chains = new Map<string, readonly string[]>([[entryPoint, [entryPoint]]])
  for (const [path, chain] of chains) {
    for (const { path: imported, kind } of metafile.inputs[path]?.imports ?? []) {
      const isEager = kind === 'import-statement' || kind === 'require-call'
      if (isEager && !chains.has(imported)) chains.set(imported, [...chain, imported])
    }
  }
  return chains
}

const isOfPackage = (path: string, name: string): boolean =>
  // Without `node_modules/`: an import that was left as it is.
  path === name || path.startsWith(`${name}/`) || `/${path}`.includes(`/node_modules/${name}/`)

/**
 * Finds what must not load at start.
 * @returns a sentence for each entry of {@link NEVER_EAGER} that is broken, with the chain of imports
 */
export const eagerProblems = (metafile: Metafile): string[] => {
  const chains = [...eagerChains(metafile)]
  const problemOf = (name: string, matches: (path: string) => boolean): string[] => {
    const [, chain] = chains.find(([path]) => matches(path)) ?? []
    if (chain === undefined) return []
    const shown = chain.map(shortPath).join(' -> ')
    return [`${name} loads when the Worker starts. Remove an import of this chain: ${shown}`]
  }
  return [
    ...NEVER_EAGER.packages.map((name) => problemOf(name, (path) => isOfPackage(path, name))),
    ...NEVER_EAGER.folders.map((name) => problemOf(name, (path) => path.startsWith(name))),
  ].flat()
}

/** Bytes that each module has in `worker.js`, by path. */
export type ModuleSizes = Readonly<Record<string, number>>

/** Where the sizes of an earlier bundle are kept. */
export const SIZES_FILE: string = join(ROOT, 'test/system/worker-bundle.json')

/** The command that writes {@link SIZES_FILE}. */
export const SIZES_COMMAND = 'npm run worker:sizes'

/** Reads the sizes of a bundle, sorted by path. */
export const moduleSizes = (metafile: Metafile): ModuleSizes => {
  const sizes = Object.entries(entryOutput(metafile).inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path, { bytesInOutput }]) => [shortPath(path), bytesInOutput] as const)
  return Object.fromEntries(sizes.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Lists the modules whose size differs, the one that grew most first. Empty if none does. */
export const growthReport = (before: ModuleSizes, now: ModuleSizes): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .map((path) => {
      const bytes = now[path] ?? 0
      return { path, bytes, growth: bytes - (before[path] ?? 0) }
    })
    .filter(({ growth }) => growth !== 0)
    .toSorted((a, b) => b.growth - a.growth)
    .map(({ path, bytes, growth }) => {
      const change = `${growth > 0 ? '+' : ''}${growth}`
      return `${change.padStart(7)} ${String(bytes).padStart(7)}  ${path}`
    })
