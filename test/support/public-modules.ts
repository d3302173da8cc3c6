// The modules that the package offers, and the source file of each.

import { readProjectFile } from './sources.ts'

interface Exports {
  readonly exports: Readonly<Record<string, unknown>>
}

/** What JSR leaves out: Deno has no Durable Objects. */
const ONLY_IN_PACKAGE = { './ledger/durable-object': './src/ledger/durable-object.ts' }
/** What only JSR has: an entry that is a program, not a library. */
const ONLY_IN_JSR = './deno'

/** A module that users import. */
export interface PublicModule {
  /** As users write it: `rollcall`, `rollcall/http`. */
  readonly specifier: string
  /** Its source, relative to the root. */
  readonly source: string
  /** What a build makes of it: below `dist/package`, without an ending. */
  readonly built: string
}

const read = (file: string): Exports => JSON.parse(readProjectFile(file)) as Exports

/** The subpaths of `package.json`, `./package.json` left out. */
export const subpaths = (): string[] =>
  Object.keys(read('package.json').exports).filter((name) => name !== './package.json')

/** The subpaths of `deno.json` that `package.json` must have too, with the source of each. */
export const jsrSubpaths = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(read('deno.json').exports as Readonly<Record<string, string>>).filter(
      ([name]) => name !== ONLY_IN_JSR,
    ),
  )

/** Every public module, in the order of `package.json`. @throws Error if a subpath has no source */
export const publicModules = (): PublicModule[] => {
  const sources = new Map(Object.entries({ ...jsrSubpaths(), ...ONLY_IN_PACKAGE }))
  const { exports } = read('package.json')
  return subpaths().map((name) => {
    const source = sources.get(name)
    if (source === undefined) throw new Error(`deno.json has no ${name}, which package.json has`)
    const { default: built } = exports[name] as { readonly default: string }
    return {
      specifier: `rollcall${name.slice(1)}`,
      source: source.slice(2),
      built: built.replace(/^\.\/dist\/package\/(.*)\.js$/, '$1'),
    }
  })
}
