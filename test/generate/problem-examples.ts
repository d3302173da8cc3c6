// Examples of configurations that are wrong, and the messages that the code has for them: the pages show both.

import { ConfigurationError } from '../../src/base/errors.ts'
import { parseConfig } from '../../src/config.ts'
import { ledgerReader } from '../../src/ledger/configured.ts'
import { parsePolicy } from '../../src/policy/policy.ts'

const ENVIRONMENT = {
  ROLLCALL_ISSUER: 'https://rollcall.corp.test/',
  ROLLCALL_LEGER: 'sqlite:/var/lib/rollcall/ledger.db',
  ROLLCALL_CHALLENGE_LIFETIME_SECONDS: '2m',
  ROLLCALL_ALLOW_SHA1: 'yes',
}

const POLICY = `{
  "roles": {
    "worker": {
      "match": { "private_ipv4": ["10.0.0.5/24"], "vpc_id": ["vpc-1"] },
      "token": { "audience": ["https://cluster.example"] },
      "reenrolment": "never"
    }
  }
}`

const fence = (language: string, lines: readonly string[]): string =>
  ['```' + language, ...lines, '```'].join('\n')

const problemsOf = async (parse: () => unknown): Promise<readonly string[]> => {
  try {
    await parse()
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
  throw new Error('the example of a wrong configuration is right')
}

/** The environment, and what a process prints at start. */
export const configurationExample = async (): Promise<string> => {
  const readLedger = ledgerReader(['sqlite', 'redis', 'memory'])
  const problems = await problemsOf(() => parseConfig(ENVIRONMENT, { readLedger }))
  return [
    fence(
      'sh',
      Object.entries(ENVIRONMENT).map(([name, value]) => `${name}=${value}`),
    ),
    fence('text', [
      'rollcall: configuration is not valid:',
      ...problems.map((problem) => `  - ${problem}`),
    ]),
  ].join('\n\n')
}

/** The policy, and what `rollcall policy check` prints. */
export const policyExample = async (): Promise<string> => {
  const problems = await problemsOf(() => parsePolicy(POLICY))
  return [
    fence('json', POLICY.split('\n')),
    fence('text', [
      `policy.json: ${problems.length} problems`,
      ...problems.map((problem) => `  ${problem}`),
    ]),
  ].join('\n\n')
}
