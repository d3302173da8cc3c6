// The picture of the layers in src/README.md, made from the table that the layers are checked by.

import { LAYERS } from '../support/layers.ts'

type Layer = (typeof LAYERS)[number]

/** Without the build, which is no part of what runs. */
const SHOWN = LAYERS.filter(({ name }) => name !== 'build')

const folderOf = (path: string): string => path.replace(/^src\//, '')

/** The folders of some layers; single files are named by their folder, if that is there too. */
const foldersOf = (layers: readonly Layer[]): string => {
  const paths = layers.flatMap((layer) => layer.paths.map(folderOf))
  const isInside = (path: string): boolean =>
    paths.some((other) => other !== path && other.endsWith('/') && path.startsWith(other))
  return paths
    .filter((path) => !isInside(path))
    .toSorted()
    .join('  ')
}

const packagesOf = (layers: readonly Layer[]): string =>
  [...new Set(layers.flatMap(({ packages }) => packages))].toSorted().join(', ')

const row = (name: string, layers: readonly Layer[]): readonly string[] => [
  name,
  foldersOf(layers),
  packagesOf(layers),
]

/** A fence with a line for each layer, the highest first, and one for each folder beside them. */
export const layerPicture = (): string => {
  // What is above the entries builds them or tries them out.
  const highest = Math.max(...SHOWN.map(({ level = 0 }) => Math.min(level, 7)))
  const levels = Array.from({ length: highest + 1 }, (_, at) => highest - at)
  const rows = [
    ['layer', 'folders of src/, and functions/', 'packages'],
    ...levels.map((at) =>
      row(
        String(at),
        SHOWN.filter(({ level }) => level === at),
      ),
    ),
    ...SHOWN.filter(({ level }) => level === undefined).map((side) => row('beside', [side])),
  ]
  const widths = [0, 1].map((at) => Math.max(...rows.map((cells) => cells[at]?.length ?? 0)))
  const lines = rows.map((cells) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('   ')
      .trimEnd(),
  )
  return ['```', ...lines, '```'].join('\n')
}
