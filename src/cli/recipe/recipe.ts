// `rollcall recipe`: prints the configuration of a relying party, filled in with the user's values.

import { Argument, type Command } from 'commander'
import { addMoreHelp } from '../help.ts'
import { optionOrVariable } from '../option-variable.ts'
import type { TypedOptions } from './fill.ts'
import { RECIPE_NAMES } from './names.ts'
import { RECIPE_OPTIONS } from './options.ts'

/** A value, or several with commas between them. */
const collect = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(','),
]

/** What a user typed. */
export interface RecipeCall extends TypedOptions {
  readonly out?: string
  readonly json?: true
}

const recipe = async (name: string | undefined, call: RecipeCall): Promise<void> => {
  const { listRecipes, showRecipe } = await import('./show.ts')
  if (name === undefined) listRecipes(call)
  else showRecipe(name, call)
}

const MORE = `The first line says which program and version the tests of rollcall start with these files; else "run by
hand" or "not run", and the documentation that they follow. Without NAME all recipes are listed.

Each recipe has defaults for its own options; an option that it has no use for is refused. --out writes each file
below a folder, never over an existing file. No recipe contains a secret.`

/** Adds the subcommand. */
export const addRecipe = (program: Command): void => {
  const command = program
    .command('recipe')
    .description('Print the configuration of a relying party, filled in.')
    .addArgument(new Argument('[name]', 'which relying party').choices(RECIPE_NAMES))
    .addOption(optionOrVariable('--issuer <url>', 'the service, https://HOST', 'ROLLCALL_ISSUER'))
    .option('--audience <name>', 'the name of the relying party, as the policy has it')
    .option('--role <name>', 'a role that may enter; repeatable, or with commas', collect)
    .option('--account <id>', 'an account that may enter, in the same way (default: each)', collect)
    .option('--region <id>', 'a region that may enter, in the same way (default: each)', collect)
  for (const { flags, description } of Object.values(RECIPE_OPTIONS)) {
    command.option(flags, description)
  }
  command
    .option('--out <folder>', 'write the files below this folder')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(recipe)
  addMoreHelp(command, {
    examples: [
      'rollcall recipe',
      'rollcall recipe nginx --issuer https://rollcall.example --audience https://app.example --role worker',
      'rollcall recipe pyjwt --issuer https://rollcall.example --audience https://app.example --role worker --out .',
    ],
    more: MORE,
    exits: '0 printed, 2 usage, a value that the format cannot hold, or a file that exists',
  })
}
