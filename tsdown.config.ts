// The published package, for functions/build/package.ts: one file for each public module, with types, its dependencies
// left out; and the command in one file that needs no other: for `npm install`, for Deno, and for machines
// without npm.

import { readFileSync } from 'node:fs'
import { type UserConfig, defineConfig } from 'tsdown'
import packageJson from './package.json' with { type: 'json' }

const shared = {
  // The build writes into an empty folder.
  clean: false,
  target: 'es2022',
  tsconfig: 'src/tsconfig.json',
  logLevel: 'warn',
} satisfies UserConfig

/**
 * The docstring that a public module begins with, its example in it. The bundler of types drops it.
 * @param declarations the path of the module's declarations, beside its source
 */
const moduleDocstring = (declarations: string): string => {
  const source = readFileSync(declarations.replace(/\.d\.ts$/, '.ts'), 'utf8')
  return /^\/\*\*[^]*?\*\/\n/.exec(source)?.[0] ?? ''
}

export default defineConfig([
  {
    ...shared,
    entry: {
      index: 'src/index.ts',
      'http/index': 'src/http/index.ts',
      'client/index': 'src/client/index.ts',
      'relying-party/index': 'src/relying-party/index.ts',
      'service/index': 'src/service/index.ts',
      'metadata/index': 'src/metadata/index.ts',
      'emulator/index': 'src/emulator/index.ts',
      'node/node-crypto': 'src/node/node-crypto.ts',
      'ledger/memory': 'src/ledger/memory.ts',
      'ledger/durable-object': 'src/ledger/durable-object.ts',
      'ledger/redis': 'src/ledger/redis/redis.ts',
      'ledger/sqlite': 'src/ledger/sqlite.ts',
      'ledger/deno-kv': 'src/ledger/deno-kv.ts',
    },
    format: 'esm',
    platform: 'neutral',
    deps: { neverBundle: [/^node:/] },
    dts: true,
    // `package.json` says `"type": "module"`, so `.js` is ESM.
    outExtensions: () => ({ js: '.js', dts: '.d.ts' }),
    outputOptions: {
      // Not `banner`: the plugin that makes the types loses it where it removes the first statement.
      postBanner: ({ fileName, facadeModuleId }) =>
        facadeModuleId !== null && fileName.endsWith('.d.ts')
          ? moduleDocstring(facadeModuleId)
          : '',
    },
  },
  {
    ...shared,
    entry: { 'cli/rollcall': 'src/cli/rollcall.ts' },
    // CommonJS, so that it runs under any name: only from 20.19 on does Node see by itself that a file
    // outside of every package is ESM.
    format: 'cjs',
    outExtensions: () => ({ js: '.cjs' }),
    platform: 'node',
    dts: false,
    deps: { alwaysBundle: [/.*/] },
    outputOptions: { codeSplitting: false },
    define: { ROLLCALL_VERSION: JSON.stringify(packageJson.version) },
  },
])
