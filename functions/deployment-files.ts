// What a deployment to Function Compute takes along beside its code. People keep these files outside of every build
// folder, under names that git ignores; the build copies them into the code package.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where secrets are kept, in `functions`. */
const SECRETS = 'secrets'

/** Where each file of the code package comes from, in `functions`. */
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
  /** Whether somebody deploys to Function Compute, who has `secrets`. */
  readonly deploys: boolean
  /** Sources that are missing; empty where nobody deploys. */
  readonly missing: readonly string[]
}

/**
 * Reads the files that are there.
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
