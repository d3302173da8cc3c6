// `rollcall probe`: shows bad tokens to the door of a relying party, and says which it admits.

import { type Command, InvalidArgumentError, Option } from 'commander'
import { NETWORK_HELP, addMoreHelp, wholeNumber } from '../help.ts'
import { optionOrVariable } from '../option-variable.ts'
import { usageError } from '../command-error.ts'
import { requiredOption } from '../required-option.ts'
import { DEFAULT_HEADERS, TOKEN_PLACE } from './door.ts'
import type { TokenFiles } from './given-tokens.ts'
import { MARKED_RECIPES, type MarkedRecipe } from './recipe-marks.ts'

/** What a user typed. */
export interface ProbeOptions extends TokenFiles {
  readonly audience?: string
  readonly issuer?: string
  readonly testIssuer?: { readonly host: string; readonly port: number }
  readonly testIssuerUrl?: string
  readonly algorithm: 'ES256' | 'RS256' | 'EdDSA'
  readonly role?: string
  readonly account: string
  readonly region: string
  readonly method?: string
  readonly header: readonly (readonly [name: string, value: string])[]
  readonly body?: string
  readonly admitted?: readonly number[]
  readonly refused?: readonly number[]
  readonly wait?: number
  readonly accept: readonly string[]
  readonly recipe?: MarkedRecipe
  readonly json?: true
  readonly junit?: string
}

const MAX_PORT = 65_535

const addressArgument = (text: string): { readonly host: string; readonly port: number } => {
  const [, host = '127.0.0.1', digits = ''] = /^(?:(.+):)?([0-9]{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits !== '' && port <= MAX_PORT) return { host: host.replace(/^\[(.*)\]$/, '$1'), port }
  throw new InvalidArgumentError('Expected PORT or HOST:PORT.')
}

const statusesArgument = (text: string): readonly number[] => {
  const statuses = text.split(',').map(Number)
  if (statuses.every((status) => status >= 200 && status <= 599)) return statuses
  throw new InvalidArgumentError(
    'Expected HTTP statuses from 200 to 599, with commas between them.',
  )
}

const headerArgument = (
  text: string,
  before: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] => {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([ -~]*)$/.exec(text) ?? []
  if (name === undefined || value === undefined) {
    // Commander would repeat the text, which may be a secret.
    throw usageError('--header: expected "NAME: VALUE" in ASCII')
  }
  return [...(before === DEFAULT_HEADERS ? [] : before), [name, value]]
}

const methodArgument = (text: string): string => {
  // The last three are those that `fetch` does not send.
  if (/^[A-Z]{1,20}$/.test(text) && !/^(?:CONNECT|TRACE|TRACK)$/.test(text)) return text
  throw new InvalidArgumentError('Expected a method such as GET or POST.')
}

/** The names are not in the help, because they are many. */
const recipeArgument = (text: string): MarkedRecipe => {
  const name = MARKED_RECIPES.find((it) => it === text)
  if (name !== undefined) return name
  throw new InvalidArgumentError(`Expected one of these recipes: ${MARKED_RECIPES.join(', ')}.`)
}

const probe = async (url: string, options: ProbeOptions): Promise<void> => {
  requiredOption(options.audience, '--audience', 'give the name of the relying party')
  const { runProbe } = await import('./run-probe.ts')
  await runProbe(url, options)
}

const MORE = `It shows the door a good token, which must be admitted, then one bad token after the other, and a good one
again. Each bad token has one thing wrong. 200 to 299 means admitted; 400, 401, 403 and redirects mean refused;
anything else, such as 404 or 502, is unclear. --admitted and --refused replace these lists. Tokens go to URL only, and never appear in the output.

--token FILE is for any door, also in production. The command shows what needs no key of the issuer: no token, and
tokens that are unsigned, altered, or signed by another key. --expired-token, --bound-token and --other-audience-token
add tokens that you have.

--test-issuer PORT is for a test of the door. The command is an issuer itself, and shows all bad tokens, signed with its
own key. The test must trust http://127.0.0.1:PORT, or the address of --test-issuer-url. Each run makes a new key.
Never let a door of production trust it.

Some programs cannot refuse every bad token. --accept "aud as text" names one that you know of: it no longer counts for
the exit status.

If the door does not read the header Authorization, put ${TOKEN_PLACE} into --header "NAME: VALUE" or into the file of
--body.

${NETWORK_HELP}`

const MAX_WAIT_SECONDS = 3600

/** Adds the subcommand. */
export const addProbe = (program: Command): void => {
  const command = program
    .command('probe')
    .description('Show bad tokens to the door of a relying party: which does it admit?')
    .argument('<URL>', 'an address behind the door that only tokens open')
    .option('--audience <name>', 'the name of the relying party')
    .option('--token <file>', 'a good token: unbound, for this audience')
    .option('--expired-token <file>', 'the same, expired')
    .option('--bound-token <file>', 'a token that is bound to a key, for this audience')
    .option('--other-audience-token <file>', 'an unbound token for another audience only')
    .addOption(
      optionOrVariable(
        '--issuer <url>',
        'the service that issued the tokens (default: iss of --token)',
        'ROLLCALL_ISSUER',
      ),
    )
    .option('--test-issuer <port>', 'be a test issuer on PORT or HOST:PORT', addressArgument)
    .option('--test-issuer-url <url>', 'the name by which the door knows the test issuer')
    .addOption(
      new Option('--algorithm <alg>', 'of the test issuer')
        .choices(['ES256', 'RS256', 'EdDSA'])
        .default('ES256'),
    )
    .option('--role <name>', 'role in tokens of the test issuer (default: worker)')
    .option('--account <id>', 'account in tokens of the test issuer', '1234567890')
    .option('--region <id>', 'region in tokens of the test issuer', 'cn-hangzhou')
    .option(
      '--method <name>',
      'method of the request (default: GET, with --body POST)',
      methodArgument,
    )
    .addOption(
      new Option('--header <line>', `"NAME: VALUE"; repeatable`)
        .argParser(headerArgument)
        .default(DEFAULT_HEADERS, `"Authorization: Bearer ${TOKEN_PLACE}"`),
    )
    .option('--body <file>', 'send this body; - for standard input')
    .option(
      '--admitted <list>',
      'all statuses that mean admitted (default: 200 to 299)',
      statusesArgument,
    )
    .option(
      '--refused <list>',
      'all statuses that mean refused (default: 400,401,403, redirects)',
      statusesArgument,
    )
    .option(
      '--wait <seconds>',
      'how long a good token may be refused at the start (default: 30 with --test-issuer, else 0)',
      wholeNumber(0, MAX_WAIT_SECONDS),
    )
    .addOption(
      new Option('--accept <name>', 'a bad token that the door may admit; repeatable')
        .argParser((name: string, before: readonly string[]) => [...before, name])
        .default([], 'none'),
    )
    .option('--recipe <name>', 'name the line of this recipe that refuses a token', recipeArgument)
    .option('--json', 'print one JSON document')
    .option('--junit <file>', 'write JUnit XML, too')
    .allowExcessArguments(false)
    .action(probe)
  addMoreHelp(command, {
    examples: [
      'rollcall probe https://app.example/ --audience https://app.example --token t.jwt --recipe nginx',
      'rollcall probe http://127.0.0.1:8080/ --audience app --test-issuer 9100 --role worker',
      'rollcall probe https://app.example/ --audience app --token t.jwt --junit probe.xml --json',
    ],
    more: MORE,
    exits:
      '0 all refused or accepted, 1 one admitted or unclear, 2 usage, 4 good token not admitted, ' +
      '5 door or issuer not available',
  })
}
