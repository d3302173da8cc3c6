// The package as `npm pack` makes it, and projects that have it installed.

import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { cleanEnvironment } from './processes.ts'
import { ROOT, readProjectFile } from './sources.ts'

const run = promisify(execFile)

/** What packing takes: the pages, and what the build reads. */
const PACKED_FROM = [
  'src',
  'functions/build',
  'docs',
  'package.json',
  'tsconfig.json',
  'tsdown.config.ts',
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'README.zh-CN.md',
  'SECURITY.md',
]

/** `package.json`, as far as it is about packages. */
export interface PackageNeeds {
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly devDependencies: Readonly<Record<string, string>>
}

/** Reads it. */
export const packageNeeds = (): PackageNeeds =>
  JSON.parse(readProjectFile('package.json')) as PackageNeeds

/** The packages that npm installs together with this one. */
export const installedWith = (): string[] => {
  const { dependencies, peerDependencies, peerDependenciesMeta } = packageNeeds()
  const peers = Object.keys(peerDependencies).filter(
    (name) => peerDependenciesMeta[name]?.optional !== true,
  )
  return [...Object.keys(dependencies), ...peers]
}

/**
 * Packs a copy of the project, which is not built before.
 * @param source a folder to make, for the copy
 * @param others files below `source` that are there before the build. Default: none
 * @returns the path of the tarball
 */
export const packPackage = async (
  source: string,
  others: readonly string[] = [],
): Promise<string> => {
  mkdirSync(source, { recursive: true })
  for (const path of PACKED_FROM) cpSync(join(ROOT, path), join(source, path), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'))
  for (const path of others) {
    mkdirSync(dirname(join(source, path)), { recursive: true })
    writeFileSync(join(source, path), '{}')
  }
  // `prepack` builds.
  await run('npm', ['pack', '--silent'], { cwd: source, env: cleanEnvironment() })
  return join(source, `rollcall-${packageNeeds().version}.tgz`)
}

/**
 * Makes a project that has the package installed, with what npm installs together with it.
 * @param project the folder; made if it isn't there
 * @param more packages that the project has beside it, of those of this project
 * @param stands which package of this project stands in the place of another, by name. Default: none
 * @returns the folder of the installed package
 */
export const installPackage = async (
  project: string,
  tarball: string,
  more: readonly string[] = [],
  stands: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const installed = join(project, 'node_modules/rollcall')
  mkdirSync(installed, { recursive: true })
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
  for (const name of [...installedWith(), ...more]) {
    const target = join(project, 'node_modules', name)
    mkdirSync(dirname(target), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', stands[name] ?? name), target)
  }
  writeFileSync(join(project, 'package.json'), '{"type":"module"}')
  return installed
}
