// The examples in the docstrings of the public modules and of what they export: each is a whole program, which is
// compiled and run against the installed package.

import { build } from 'esbuild'
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { durableObjects, objectBinding, startWorkerd, variableBinding } from '../bench/workerd.ts'
import { cleanEnvironment } from './processes.ts'
import { publicModules } from './public-modules.ts'
import { docstringExamples } from './runnable-fences.ts'
import { ROOT, readProjectFile, typeScriptFiles } from './sources.ts'

const run = promisify(execFile)
const COMPILED = 'compiled'

/** An example of a public module. */
export interface Example {
  /** The module that it is about. */
  readonly specifier: string
  /** The name of its file, without an ending. */
  readonly name: string
  readonly script: string
  /** The name that it is about; absent: the whole module. */
  readonly symbol?: string
}

const MODULE_DOCSTRING = /^\/\*\*\n[^]*?^ \*\/\n/m

/** The examples of the public modules themselves. */
const moduleExamples = (): Example[] =>
  publicModules().flatMap(({ specifier, source }) => {
    const [docstring = ''] = MODULE_DOCSTRING.exec(readProjectFile(source)) ?? []
    return docstringExamples(docstring).map(({ script }, index) => ({
      specifier,
      name: `${specifier.replaceAll('/', '-')}-${index + 1}`,
      script,
    }))
  })

const EXPORT_DOCSTRING =
  /^(\/\*\*\n(?: \*.*\n)*? \*\/\n)export (?:const|class|(?:async )?function\*?) (\w+)/gm

/**
 * The examples of exports, wherever they are declared.
 * @throws Error if an example does not import what it is about
 */
const symbolExamples = (): Example[] =>
  typeScriptFiles('src').flatMap((path) =>
    [...readProjectFile(path).matchAll(EXPORT_DOCSTRING)].flatMap(
      ([, docstring = '', symbol = '']) =>
        docstringExamples(docstring).map(({ script }) => {
          const imports = new RegExp(`^import \\{[^}]*\\b${symbol}\\b[^}]*\\} from '(.*)'$`, 'm')
          const [, specifier] = imports.exec(script) ?? []
          if (specifier === undefined)
            throw new Error(`the example of ${symbol} does not import it`)
          return { specifier, name: symbol, script, symbol }
        }),
    ),
  )

/** Every example of every public module, and of what they export. */
export const packageExamples = (): Example[] => [...moduleExamples(), ...symbolExamples()]

/** What `@cloudflare/workers-types` says of it. That package has globals that others have too. */
const WORKERS_MODULE = `declare module 'cloudflare:workers' {
  export abstract class DurableObject<Env = unknown> {
    protected ctx: { readonly id: unknown }
    protected env: Env
    constructor(ctx: { readonly id: unknown }, env: Env)
  }
}
`

/** As a careful user has it. */
const COMPILER_OPTIONS = {
  target: 'ES2022',
  lib: ['ES2023', 'DOM', 'DOM.Iterable'],
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmitOnError: true,
  outDir: COMPILED,
}

/**
 * Writes the examples into a project that has the package installed, and compiles all of them at once, with the
 * declarations of all packages.
 * @param options of the compiler, in place of those of a careful user
 * @returns what the compiler reports; empty if it finds nothing wrong
 */
export const compileExamples = async (
  project: string,
  examples: readonly Example[],
  options: Readonly<Record<string, unknown>> = {},
): Promise<string> => {
  mkdirSync(join(project, 'examples'))
  for (const { name, script } of examples) {
    writeFileSync(join(project, 'examples', `${name}.ts`), script)
  }
  writeFileSync(join(project, 'examples', 'workers.d.ts'), WORKERS_MODULE)
  const compilerOptions = { ...COMPILER_OPTIONS, ...options }
  const config = { compilerOptions, include: ['examples'] }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const report = await run(process.execPath, [tsc, '-p', '.'], { cwd: project }).catch(
    (error: unknown) => error as { stdout: string },
  )
  return report.stdout
}

/** Where a compiled example runs. */
export interface ExampleRun {
  readonly project: string
  readonly env: Readonly<Record<string, string>>
}

const DENO = [
  join(ROOT, 'node_modules/deno/bin.cjs'),
  'run',
  '--node-modules-dir=manual',
  '--cached-only',
  '--unstable-kv',
  '--allow-env',
  '--allow-read',
  '--allow-write',
]

/** Runs an example as a program. @returns what it printed @throws Error if it fails */
export const runExample = async (
  { name }: Example,
  { project, env }: ExampleRun,
  runtime: 'node' | 'deno',
): Promise<string> => {
  const args = [...(runtime === 'deno' ? DENO : []), join(COMPILED, `${name}.js`)]
  const { stdout } = await run(process.execPath, args, { cwd: project, env: cleanEnvironment(env) })
  return stdout
}

/** Starts an example that is a Worker in workerd. It takes `env` and has its Durable Objects as `LEDGER`. */
export const startExampleWorker = async ({ name }: Example, { project, env }: ExampleRun) => {
  await build({
    entryPoints: [join(project, COMPILED, `${name}.js`)],
    outfile: join(project, 'worker.js'),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['workerd'],
    // Only the example of Redis has the first installed; the second is workerd's own.
    external: ['ioredis', 'cloudflare:workers'],
  })
  const { services, worker } = durableObjects(project)
  const bindings = [objectBinding, ...Object.keys(env).map(variableBinding)]
  return startWorkerd(
    project,
    'example',
    {
      modules: ['worker.js'],
      services,
      worker: `bindings = [${bindings.join(', ')}], ${worker}`,
    },
    env,
  )
}

/**
 * What an example says that it prints: a pattern with a line for each `console.log(...)`. A comment behind the
 * call is that line; without one it may be any.
 */
export const printedPattern = (script: string): RegExp => {
  const lines = [...script.matchAll(/^ *console\.log\(.*\)(?: \/\/ (.*))?$/gm)].map(
    ([, text]) => text?.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`) ?? '.+',
  )
  return new RegExp(`^${lines.map((line) => `${line}\n`).join('')}$`)
}
