// What this machine can't measure.

import type { TestContext } from 'vitest'

/** A tool is not installed. The message says which one, and how to install it. */
export class SkippedError extends Error {
  override readonly name = 'SkippedError'
}

/** In place of a test's context: asked for a tool that is not there, it ends one part of the benchmark. */
export const SKIPPING = {
  skip(message: string): never {
    throw new SkippedError(message)
  },
} as unknown as TestContext
