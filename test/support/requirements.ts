// Tools that a test needs and that not every machine has. Without one a test says that it was skipped
// and why; where everything is to be tested (ROLLCALL_REQUIRE_ALL=1) it fails instead.

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'vitest'

/** The path of an executable, if it is installed. */
export const findTool = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })

/**
 * The path of an executable that a test can't do without.
 * @param hint how to install it
 */
export const requireTool = (context: TestContext, name: string, hint: string): string => {
  const path = findTool(name)
  if (path !== undefined) return path
  const message = `${name} is not installed: ${hint}`
  if (process.env['ROLLCALL_REQUIRE_ALL'] === '1') throw new Error(message)
  return context.skip(message)
}
