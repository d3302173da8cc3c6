// The layers of the code, as a table, and a check of one file against it.

import { posix } from 'node:path'
import ts from 'typescript'

/** One layer: files import only from lower ones, or from their own layer. */
interface Layer {
  readonly name: string
  /** Path prefixes, longest match wins. */
  readonly paths: readonly string[]
  /** Absent on a side folder, which imports what {@link BESIDE} lists and `sides`. */
  readonly level?: number
  /** Packages that may be imported. */
  readonly packages: readonly string[]
  /** Names of the side folders that it may import. */
  readonly sides?: readonly string[]
  /** Whether `node:` and `cloudflare:` may be imported. */
  readonly platform?: boolean
}

/** What every side folder may import. */
const BESIDE = [
  'src/base/',
  'src/codec/',
  'src/token/',
  'src/ledger/ledger.ts',
  'src/policy/fields.ts',
  'src/policy/pattern.ts',
]

export const LAYERS: readonly Layer[] = [
  { name: 'base', paths: ['src/base/'], level: 0, packages: [] },
  { name: 'codec', paths: ['src/codec/'], level: 1, packages: [] },
  { name: 'verify', paths: ['src/verify/'], level: 2, packages: [] },
  { name: 'policy', paths: ['src/policy/'], level: 3, packages: ['valibot'] },
  { name: 'ledger', paths: ['src/ledger/'], level: 3, packages: ['ioredis'], platform: true },
  { name: 'registry', paths: ['src/registry/'], level: 4, packages: [] },
  { name: 'token', paths: ['src/token/'], level: 4, packages: ['jose'] },
  { name: 'enroll', paths: ['src/enroll/'], level: 5, packages: [] },
  { name: 'operate', paths: ['src/operate/'], level: 5, packages: [] },
  { name: 'admit', paths: ['src/admit/'], level: 5, packages: [] },
  {
    name: 'face',
    paths: [
      'src/index.ts',
      'src/http/',
      'src/config.ts',
      'src/config/',
      'src/service.ts',
      'src/service/',
    ],
    level: 6,
    packages: ['hono', 'valibot'],
  },
  {
    name: 'node',
    paths: ['src/node/'],
    level: 6,
    packages: ['@hono/node-server'],
    platform: true,
  },
  { name: 'functions', paths: ['functions/'], level: 7, packages: [], platform: true },
  {
    name: 'build',
    paths: ['functions/build/'],
    level: 7,
    packages: ['tsdown', 'typedoc'],
    platform: true,
  },
  {
    name: 'build of the functions',
    paths: ['functions/build.ts', 'functions/build-command.ts'],
    level: 8,
    packages: ['esbuild'],
    platform: true,
  },
  {
    name: 'trial of the Worker',
    paths: ['functions/dev.ts', 'functions/dev-arguments.ts'],
    level: 8,
    packages: [],
    platform: true,
  },
  {
    name: 'cli',
    paths: ['src/cli/'],
    level: 7,
    packages: ['commander', '@hono/node-server', 'undici', 'yaml'],
    platform: true,
    sides: ['metadata', 'emulator', 'client', 'relying party'],
  },
  { name: 'metadata', paths: ['src/metadata/'], packages: [] },
  { name: 'emulator', paths: ['src/emulator/'], packages: [], sides: ['metadata'] },
  { name: 'client', paths: ['src/client/'], packages: ['jose'], sides: ['metadata'] },
  {
    name: 'relying party',
    paths: ['src/relying-party/'],
    packages: [],
    sides: ['middleware of a relying party'],
  },
  {
    name: 'middleware of a relying party',
    paths: ['src/relying-party/require-enrollment.ts'],
    packages: ['hono'],
    sides: ['relying party'],
  },
]

/** The layers that decide trust: everything they know comes in as an argument. */
const PURE: ReadonlySet<string> = new Set(['base', 'codec', 'verify', 'policy'])

/** The one file of them that waits: its clock and its wait can be injected. */
const WAITS = 'src/base/timing.ts'

const IMPURE =
  /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bgetRandomValues\(|\brandomUUID\(|\bfetch\(|\bprocess\.|\bconsole\.|\bsetTimeout\(|\bperformance\./

/** How code finds out where it runs; only entries, drivers and commands may want to know. */
const RUNTIME =
  /\bDeno\b|\bBun\b|\bnavigator\b|\bprocess\.versions?\b|\bWebSocketPair\b|\bgetBuiltinModule\b/

/** The one other file: past a proxy, which each runtime takes from its environment in its own way. */
const KNOWS_RUNTIME = 'src/metadata/direct-fetch.ts'

const layerOf = (path: string): Layer | undefined =>
  LAYERS.flatMap((layer) =>
    layer.paths.filter((prefix) => path.startsWith(prefix)).map((prefix) => ({ layer, prefix })),
  ).toSorted((a, b) => b.prefix.length - a.prefix.length)[0]?.layer

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

const isPlatform = (specifier: string): boolean => /^(?:node|cloudflare):/.test(specifier)

/** Every module that a source names, types and dynamic imports included. */
export const importsOf = (source: string): string[] =>
  ts.preProcessFile(source, true, true).importedFiles.map(({ fileName }) => fileName)

const importProblem = (path: string, layer: Layer, specifier: string): string | undefined => {
  if (isPlatform(specifier))
    return layer.platform ? undefined : `imports the platform, ${specifier}`
  if (!specifier.startsWith('.')) {
    const allowed = layer.packages.includes(packageOf(specifier))
    return allowed ? undefined : `imports the package ${specifier}`
  }
  if (!specifier.endsWith('.ts')) return `imports ${specifier} without its .ts`
  const target = posix.join(posix.dirname(path), specifier)
  const other = layerOf(target)
  if (other === undefined) return `imports ${target}, which is in no layer`
  if (other === layer) return undefined
  const allowed =
    layer.sides?.includes(other.name) === true ||
    (layer.level === undefined
      ? BESIDE.some((prefix) => target.startsWith(prefix))
      : other.level !== undefined && other.level < layer.level)
  return allowed ? undefined : `imports ${target} of the layer ${other.name}`
}

/** What a file does that its layer may not do; empty if nothing. */
export const layerProblems = (path: string, source: string): string[] => {
  const layer = layerOf(path)
  if (layer === undefined) return [`${path} is in no layer`]
  const problems = importsOf(source).map((specifier) => importProblem(path, layer, specifier))
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  const decides = PURE.has(layer.name) && path !== WAITS
  const impure = decides ? IMPURE.exec(code)?.[0] : undefined
  if (impure !== undefined) problems.push(`uses ${impure}`)
  const mayAsk = layer.platform || path === KNOWS_RUNTIME
  const runtime = mayAsk ? undefined : RUNTIME.exec(code)?.[0]
  if (runtime !== undefined) problems.push(`asks where it runs, ${runtime}`)
  return problems.filter((problem) => problem !== undefined).map((problem) => `${path} ${problem}`)
}
