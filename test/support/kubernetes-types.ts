// Kubernetes manifests against the types that are made from the API's published schema: TypeScript
// refuses a literal with a misspelt key, a missing one, or a value of another type.

import { join } from 'node:path'
import ts from 'typescript'
import { ROOT } from './sources.ts'

/** A manifest. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
}

/** Where the package has the types of a version of the API: `apps/v1`, `core/v1` for `v1`. */
const moduleOf = (apiVersion: string): string => {
  const [group = '', version] = apiVersion.split('/')
  return version === undefined ? `core/${group}` : `${group.split('.')[0]}/${version}`
}

/** What is wrong with each of some manifests; empty if nothing. */
export const manifestProblems = (manifests: readonly Manifest[]): string[][] => {
  const path = join(ROOT, 'test/support/manifests-in-memory.ts')
  // One line each, by which its problems are known.
  const source = manifests
    .map((manifest, i) => {
      const type = `import('kubernetes-types/${moduleOf(manifest.apiVersion)}').${manifest.kind}`
      return `export const manifest${i}: ${type} = ${JSON.stringify(manifest)}`
    })
    .join('\n')
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    types: [],
    lib: ['lib.es2022.d.ts'],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  }
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists } = host
  host.fileExists = (name) => name === path || fileExists(name)
  host.getSourceFile = (name, version) =>
    name === path ? ts.createSourceFile(name, source, version) : getSourceFile(name, version)
  const problems = manifests.map((): string[] => [])
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram([path], options, host))
  for (const { file, start = 0, messageText } of diagnostics) {
    const message = ts.flattenDiagnosticMessageText(messageText, '\n')
    if (file?.fileName !== path) throw new Error(message)
    problems[file.getLineAndCharacterOfPosition(start).line]?.push(message)
  }
  return problems
}
