// Paths as people type them: what the documentation writes, or the short name of an item.

/** The folders and items at the top of a version. */
const TOP: ReadonlySet<string> = new Set(['meta-data', 'dynamic', 'user-data', 'maintenance'])

/**
 * The path below the version. `/latest/meta-data/hostname`, `meta-data/hostname` and `hostname` are the
 * same; whether there is such a path is not asked.
 */
export const typedPath = (text: string): string => {
  const path = text.replace(/^\//, '').replace(/^(?:latest|2016-01-01)(?:\/|$)/, '')
  const [first = ''] = path.split('/')
  return path === '' || TOP.has(first) ? path : `meta-data/${path}`
}
