// `node functions/before-deploy.mjs ENVIRONMENT`: run by wrangler as the build step of an environment of wrangler.toml. It
// reads the variables of that environment as the Worker will read them, and ends with status 1 if the Worker could
// not start: a placeholder for an issuer, a policy file that is missing, a certificate of the
// emulator. Secrets are not available here, so new keys replace them. Nothing is checked for
// `wrangler dev` and `types`.

import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** Values of the environment variable WRANGLER_COMMAND if nothing is uploaded. */
const LOCAL = new Set(['dev', 'types'])

const HINT =
  'Change the [vars] of this environment in wrangler.toml; the policy file lies in functions/'

/** A policy, if the real one is a secret or a variable of the dashboard. */
const SOME_POLICY = JSON.stringify({
  roles: {
    any: {
      match: { owner_account_id: ['1'] },
      token: { audience: ['https://rollcall.test'] },
      reenrollment: 'never',
    },
  },
})

/** The problems of an environment, one line each. */
const problemsOf = async (environment) => {
  const { tsImport } = await import('tsx/esm/api')
  const { parseConfig } = await tsImport('../src/config.ts', import.meta.url)
  const { generateSigningKeys } = await tsImport('../src/token/generate.ts', import.meta.url)
  const { unstable_readConfig: readConfig } = await import('wrangler')
  const config = fileURLToPath(new URL('../wrangler.toml', import.meta.url))
  const { vars } = readConfig({ config, env: environment }, { hideWarnings: true })
  const secrets = {
    ...('ROLLCALL_SIGNING_KEYS' in vars
      ? {}
      : { ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')) }),
    ...('ROLLCALL_POLICY' in vars || 'ROLLCALL_POLICY_FILE' in vars
      ? {}
      : { ROLLCALL_POLICY: SOME_POLICY }),
  }
  const runtime = { readFile: (path) => readFile(new URL(path, import.meta.url)) }
  try {
    await parseConfig({ ...secrets, ...vars }, runtime)
    return []
  } catch (error) {
    if (error.problems === undefined) throw error
    return error.problems
  }
}

const [environment] = process.argv.slice(2)
if (environment === undefined) {
  process.stderr.write('usage: node functions/before-deploy.mjs ENVIRONMENT\n')
  process.exit(2)
}
if (!LOCAL.has(process.env.WRANGLER_COMMAND)) {
  const problems = await problemsOf(environment)
  if (problems.length > 0) {
    const lines = problems.map((problem) => `  - ${problem}`)
    const text = [`the environment ${environment} cannot be deployed:`, ...lines, HINT, '']
    process.stderr.write(text.join('\n'))
    process.exitCode = 1
  }
}
