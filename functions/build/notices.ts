// Notices of the packages whose code is in a bundle. Their licenses require that the text
// accompanies the code. A build makes the file from the list of bundled modules, so that it always
// matches the bundle. A file in the repository would become outdated.

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The name of the file, which lies beside its bundles. */
export const NOTICES_FILE = 'THIRD-PARTY-NOTICES'

/** A package with code in a bundle. */
interface BundledPackage {
  readonly name: string
  readonly version: string
  readonly license: string
  /** The whole text of its license. */
  readonly text: string
}

interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly license?: string
}

const RULE = '='.repeat(80)

/** What package managers install: `node_modules/NAME` or `node_modules/@SCOPE/NAME`. */
const INSTALLED = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/

/** The text of a license. The case and the extension of its file name do not matter. */
const licenseTextIn = (folder: string): string | undefined => {
  const name = readdirSync(folder).find((file) => /^(?:licen[cs]e|copying)(?:[.-]|$)/i.test(file))
  return name === undefined ? undefined : readFileSync(join(folder, name), 'utf8').trim()
}

const readPackage = (folder: string): BundledPackage => {
  const file = join(folder, 'package.json')
  if (!existsSync(file)) throw new Error(`${folder} has no package.json`)
  const { name, version, license } = JSON.parse(readFileSync(file, 'utf8')) as Manifest
  const text = licenseTextIn(folder)
  if (name === undefined || version === undefined || license === undefined || text === undefined) {
    throw new Error(`${folder} must have a name, a version, a license and the text of that license`)
  }
  return { name, version, license, text }
}

/**
 * Writes the notices for bundles.
 * @param modules paths of the modules in them. Modules of this project, and modules that the
 * bundler makes, need no notice
 * @returns the text, sorted by package; `undefined` if no package is in the bundles
 * @throws Error if a package has no text of its license
 */
export const noticesFor = (modules: Iterable<string>): string | undefined => {
  const folders = new Set<string>()
  for (const module of modules) {
    const path = resolve(module).replaceAll('\\', '/')
    const [folder] = INSTALLED.exec(module.startsWith('\0') ? '' : path) ?? []
    if (folder !== undefined) folders.add(folder)
  }
  const packages = new Map(
    [...folders].map((folder) => {
      const found = readPackage(folder)
      return [`${found.name} ${found.version}`, found]
    }),
  )
  if (packages.size === 0) return undefined
  const sections = [...packages]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([title, { license, text }]) => `${RULE}\n${title} (${license})\n${RULE}\n\n${text}\n`)
  return `The files beside this one contain code of these packages.\n\n${sections.join('\n')}`
}

/** The packages of the notices, as `NAME VERSION`. */
export const packagesIn = (notices: string): string[] =>
  [...notices.matchAll(new RegExp(`^${RULE}\\n(.+) \\(.+\\)\\n${RULE}$`, 'gm'))].map(
    ([, title = '']) => title,
  )
