// The published package: one file for each public module, with types, dependencies left out.

import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    'http/index': 'src/http/index.ts',
    'metadata/index': 'src/metadata/index.ts',
    'ledger/memory': 'src/ledger/memory.ts',
    'ledger/durable-object': 'src/ledger/durable-object.ts',
  },
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  dts: true,
  tsconfig: 'src/tsconfig.json',
  // `package.json` says `"type": "module"`, so `.js` is ESM.
  outExtensions: () => ({ js: '.js', dts: '.d.ts' }),
})
