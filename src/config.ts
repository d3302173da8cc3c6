// Configuration: turns the strings of an environment into typed values. One parser serves every runtime. All
// problems are reported at once, and none holds a secret. The variables are the rows of
// `config/variables.ts`.

import { type KeyOptions, WEB_CRYPTO } from './base/crypto.ts'
import { ConfigurationError } from './base/errors.ts'
import { kubernetesProblems } from './config/kubernetes.ts'
import { type Conflicts, readVariables } from './config/read-variables.ts'
import type { Environment } from './config/values.ts'
import type { RuntimeOptions, ValuesOf } from './config/variable.ts'
import { VARIABLES } from './config/variables.ts'
import { emulatedProblem, warningsOf } from './config/warnings.ts'
import type { LedgerConfig } from './ledger/configured.ts'
import { sharedKeyIndex } from './token/public-key-set.ts'
import { ALIBABA_CLOUD_TRUST_ANCHORS } from './verify/alibaba-cloud.ts'

export type { RuntimeOptions } from './config/variable.ts'

/** A complete configuration: a property for each variable. */
export interface Config extends ValuesOf<typeof VARIABLES>, Required<KeyOptions> {
  /** What weakens this deployment, a sentence each, to be shown at start. */
  readonly warnings: readonly string[]
}

/** A configuration that names a ledger. */
export interface ConfigWithLedger extends Config {
  /** Where state is stored, for `openLedger()`. */
  readonly ledger: LedgerConfig
}

/** Reads a configuration. With `readLedger`, the configuration names a ledger. */
export interface ParseConfig {
  (
    env: Environment,
    runtime: RuntimeOptions & Required<Pick<RuntimeOptions, 'readLedger'>>,
  ): Promise<ConfigWithLedger>
  (env: Environment, runtime?: RuntimeOptions): Promise<Config>
}

const sharedKeyProblem = (index: number, problem: string): string | undefined =>
  index < 0 ? undefined : `keys.${index}: this key ${problem}`

const CONFLICTS: Conflicts<typeof VARIABLES> = {
  trustAnchors: ({ issuer, trustAnchors }) =>
    issuer !== undefined && trustAnchors !== undefined
      ? emulatedProblem(issuer, trustAnchors)
      : undefined,
  operatorKeys: ({ operatorKeys = [], signingKeys }) =>
    sharedKeyProblem(
      sharedKeyIndex(operatorKeys, signingKeys?.publicKeys),
      'also signs tokens; give operators keys of their own',
    ),
  relyingPartyKeys: ({ relyingPartyKeys = [], operatorKeys, signingKeys }) =>
    sharedKeyProblem(
      sharedKeyIndex(relyingPartyKeys, signingKeys?.publicKeys),
      'also signs tokens; give relying parties keys of their own',
    ) ??
    sharedKeyProblem(
      sharedKeyIndex(relyingPartyKeys, operatorKeys),
      'is in ROLLCALL_ADMIN_KEYS, too; give relying parties keys of their own',
    ),
  kubernetes: ({ kubernetes, policy }) =>
    kubernetes !== undefined && policy !== undefined
      ? kubernetesProblems(kubernetes, policy)
      : undefined,
}

/**
 * Reads the configuration from an environment.
 * @param env variables by name. Values that are not text (bindings of Workers) are ignored, unless they have one of our
 *   names
 * @param runtime what the runtime has. Default: no files, WebCrypto, and a ledger that the caller opens, so
 *   `ROLLCALL_LEDGER` is rejected
 * @returns the configuration, with a value for each variable
 * @throws ConfigurationError `configuration_invalid`, with one line for each problem, which begins with the name of
 *   the variable
 * @example
 * ```ts
 * import { ConfigurationError } from 'rollcall'
 * import { ledgerReader, parseConfig } from 'rollcall/service'
 *
 * try {
 *   await parseConfig(
 *     { ROLLCALL_ISSUER: 'https://rollcall.example/' },
 *     { readLedger: ledgerReader(['sqlite', 'redis']) },
 *   )
 * } catch (error) {
 *   if (!(error instanceof ConfigurationError)) throw error
 *   for (const problem of error.problems.slice(1, 2)) {
 *     console.log(problem.split(':')[0]) // ROLLCALL_SIGNING_KEYS
 *   }
 * }
 * ```
 */
export const parseConfig: ParseConfig = async (
  env: Environment,
  runtime: RuntimeOptions = {},
): Promise<ConfigWithLedger> => {
  const { crypto = WEB_CRYPTO, importKeys = 'at start' } = runtime
  const { values, problems } = await readVariables(VARIABLES, CONFLICTS, env, runtime)
  if (problems.length > 0) throw new ConfigurationError(problems)
  // Without a problem each variable has its value.
  const config = values as ValuesOf<typeof VARIABLES>
  const { issuer, ledger, trustAnchors, policy, relyingPartyKeys, kubernetes } = config
  const own = trustAnchors === ALIBABA_CLOUD_TRUST_ANCHORS ? undefined : trustAnchors
  return {
    ...config,
    crypto,
    importKeys,
    ledger: ledger as LedgerConfig,
    warnings: warningsOf({
      issuer,
      ledger,
      trustAnchors: own,
      policy,
      relyingPartyKeys,
      kubernetes,
    }),
  }
}
