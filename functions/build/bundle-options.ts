// How the entries for Node and for Function Compute become one file each: for the build, and for the
// benchmark, which profiles the same bundle with a source map.

// ioredis is CommonJS, and asks for what Node brings along in its way.
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`

/** Options of esbuild. The caller adds the entry points and where the files go. */
export const BUNDLE_OPTIONS = {
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  banner: { js: REQUIRE },
  // Names stay as they are: the driver recognizes the errors of ioredis by name, and a profile shows names. `keepNames`
  // would bring short ones back by a call for each function that a request makes.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
} as const
