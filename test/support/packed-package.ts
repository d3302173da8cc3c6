// The package as `npm pack` makes it, and projects that have it installed.

import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { cleanEnvironment } from './processes.ts'
import { ROOT, readProjectFile } from './sources.ts'

const run = promisify(execFile)

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
  for (const path of ['src', 'package.json', 'tsconfig.json', 'tsdown.config.ts', 'LICENSE']) {
    cpSync(join(ROOT, path), join(source, path), { recursive: true })
  }
  writeFileSync(join(source, 'README.md'), readProjectFile('README.md'))
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'))
  for (const path of others) {
    mkdirSync(dirname(join(source, path)), { recursive: true })
    writeFileSync(join(source, path), '{}')
  }
  // `prepack` builds.
  await run('npm', ['pack', '--silent'], { cwd: source, env: cleanEnvironment() })
  const { version } = JSON.parse(readProjectFile('package.json')) as { version: string }
  return join(source, `rollcall-${version}.tgz`)
}

/**
 * Makes a project that has the package installed, with its dependencies.
 * @param project the folder; made if it isn't there
 * @param more packages that the project has beside it, of those of this project
 * @returns the folder of the installed package
 */
export const installPackage = async (
  project: string,
  tarball: string,
  more: readonly string[] = [],
): Promise<string> => {
  const installed = join(project, 'node_modules/rollcall')
  mkdirSync(installed, { recursive: true })
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
  const { dependencies } = JSON.parse(readProjectFile('package.json')) as {
    dependencies: Record<string, string>
  }
  for (const name of [...Object.keys(dependencies), ...more]) {
    const target = join(project, 'node_modules', name)
    mkdirSync(dirname(target), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), target)
  }
  writeFileSync(join(project, 'package.json'), '{"type":"module"}')
  return installed
}
