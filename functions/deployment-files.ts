// The files that a deployment to Function Compute needs beside its code. People keep them outside
// all build folders, under names that git ignores. The build copies them into the code package.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder of secrets, in `functions`. */
const SECRETS = 'secrets'

/** The source of each file of the code package, in `functions`. */
const SOURCES: Readonly<Record<string, string>> = {
  'policy.json': 'policy-production.json',
  'signing-keys.json': `${SECRETS}/signing-keys.json`,
  'admin-keys.json': `${SECRETS}/admin-keys.json`,
  'ledger-url': `${SECRETS}/ledger-url`,
}

/** See {@link readDeploymentFiles}. */
export interface DeploymentFiles {
  /** By their names in the code package. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Whether this clone deploys to Function Compute, which needs `secrets`. */
  readonly deploys: boolean
  /** Missing sources; empty without a deployment. */
  readonly missing: readonly string[]
}

/**
 * Reads the files that exist.
 * @param from the folder `functions`
 */
export const readDeploymentFiles = (from: string): DeploymentFiles => {
  const deploys = existsSync(join(from, SECRETS))
  const found = Object.entries(SOURCES).filter(([, source]) => existsSync(join(from, source)))
  const names = new Set(found.map(([name]) => name))
  const missing = Object.entries(SOURCES).filter(([name]) => !names.has(name))
  return {
    files: new Map(found.map(([name, source]) => [name, readFileSync(join(from, source))])),
    deploys,
    missing: deploys ? missing.map(([, source]) => source) : [],
  }
}
