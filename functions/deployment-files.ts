// What a deployment to Function Compute takes along beside its code. People keep these files outside of every build
// folder, under names that git ignores; the build copies them into the code package.

import { chmodSync, copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs'
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

/**
 * Copies them into a code package; copies of files that are gone are removed.
 * @param from the folder `functions`
 * @param to the folder of the code package
 * @returns sources that are missing; empty where nobody deploys to Function Compute, which has `secrets`
 */
export const copyDeploymentFiles = (from: string, to: string): readonly string[] => {
  const hasSecrets = existsSync(join(from, SECRETS))
  // The package keeps the modes of its files, and the function may run as any user: so all may read the files, and
  // on this machine nobody else may enter their folder.
  chmodSync(to, hasSecrets ? 0o700 : 0o755)
  const missing = Object.entries(SOURCES).filter(([name, source]) => {
    rmSync(join(to, name), { force: true })
    if (!existsSync(join(from, source))) return true
    copyFileSync(join(from, source), join(to, name))
    return false
  })
  for (const entry of readdirSync(to, { withFileTypes: true })) {
    if (entry.isFile()) chmodSync(join(to, entry.name), 0o644)
  }
  return hasSecrets ? missing.map(([, source]) => source) : []
}
