// `npm run keygen`: makes the signing keys of a service, a private JWKS.

import { Command, Option } from 'commander'
import { appendFileSync, chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { generateSigningKeys } from '../token/generate.ts'

const VARIABLE = 'ROLLCALL_SIGNING_KEYS'

interface KeygenOptions {
  readonly algorithm: 'ES256' | 'RS256' | 'EdDSA'
  readonly out?: string
  readonly devVars?: string
}

const command: Command = new Command('keygen')
  .description('Make the signing keys of a rollcall service: a private JWKS with one key.')
  .addOption(
    new Option('--algorithm <alg>', 'algorithm of the tokens')
      .choices(['ES256', 'RS256', 'EdDSA'])
      .default('ES256'),
  )
  .option('--out <file>', 'write to a new file that only you can read, instead of standard output')
  .option('--dev-vars <file>', `add ${VARIABLE} to a file such as .dev.vars, for \`npm run dev\``)
  .addHelpText(
    'after',
    `
Examples:
  npm run --silent keygen > signing-keys.json
  npm run keygen -- --out signing-keys.json
  npm run keygen -- --dev-vars .dev.vars && npm run dev
  npm run --silent keygen | npx wrangler secret put ${VARIABLE}

The output is a secret: whoever has it can make tokens.
Exit status: 0 done, 2 usage.`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))

const fail = (message: string): never => {
  process.stderr.write(`keygen: ${message}\n`)
  return process.exit(2)
}

const addToDevVars = (file: string, json: string): void => {
  if (existsSync(file) && readFileSync(file, 'utf8').includes(`${VARIABLE}=`)) {
    fail(`${file} has ${VARIABLE} already; remove that line first`)
  }
  appendFileSync(file, `${VARIABLE}='${json}'\n`, { mode: 0o600 })
  chmodSync(file, 0o600)
}

const { algorithm, out, devVars } = command.parse().opts<KeygenOptions>()
const json = JSON.stringify(await generateSigningKeys(algorithm))
try {
  if (out !== undefined) writeFileSync(out, `${json}\n`, { mode: 0o600, flag: 'wx' })
  if (devVars !== undefined) addToDevVars(devVars, json)
  if (out === undefined && devVars === undefined) process.stdout.write(`${json}\n`)
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  fail(code === 'EEXIST' ? `${out} exists already; keys are never overwritten` : message)
}
if (algorithm === 'EdDSA') {
  process.stderr.write('keygen: note that Kubernetes refuses tokens signed with EdDSA\n')
}
