// Which file is at a path: a process that has a file open keeps it when another one takes its place.

interface FileSystem {
  statSync(
    path: string,
    options: { throwIfNoEntry: false },
  ): { readonly dev: number; readonly ino: number } | undefined
}

/** Gives the module, if this runtime has it. Not an import: bundlers would want to find it. */
const findFileSystem = (): FileSystem | undefined => {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
  return process?.getBuiltinModule?.('node:fs') as FileSystem | undefined
}

/**
 * Tells one file from another.
 * @returns the same text as long as the same file is at the path; `undefined` where there is none, or where
 *   the runtime does not show it (a URL has no file either)
 */
export const fileIdentity = (path: string): string | undefined => {
  try {
    const found = findFileSystem()?.statSync(path, { throwIfNoEntry: false })
    return found && `${found.dev}:${found.ino}`
  } catch {
    return undefined
  }
}
