// Reads what a user typed for a recipe into checked values.

import { AUDIENCE_PATTERN } from '../../policy/schema.ts'
import { usageError } from '../command-error.ts'
import { requiredOption } from '../required-option.ts'
import { checkServiceAddress } from '../service-address.ts'
import {
  type Recipe,
  type RecipeDemands,
  type RecipeOption,
  type RecipeValues,
  hostOfAudience,
} from './form.ts'
import { RECIPE_OPTIONS } from './options.ts'

/** The options that a user typed. */
export type TypedOptions = Readonly<Partial<Record<RecipeOption, string>>> & {
  readonly issuer?: string | undefined
  readonly audience?: string | undefined
  readonly role?: readonly string[] | undefined
  readonly account?: readonly string[] | undefined
  readonly region?: readonly string[] | undefined
}

/** Far longer than any value in use. */
const MAX_CHARACTERS = 256
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]|\p{Surrogate}/u

/** Checks a text that a format has to hold. @throws CommandError */
const checkText = (value: string, flag: string): string => {
  if (value.length > MAX_CHARACTERS) {
    throw usageError(`${flag}: ${value.length} characters; expected at most ${MAX_CHARACTERS}`)
  }
  if (CONTROL.test(value)) {
    throw usageError(`${flag}: ${JSON.stringify(value)} has a line break or control character`)
  }
  return value
}

/** Words with dashes between them. It cannot begin like a flag, as `-m` would. */
const REGION = /^(?=.{1,40}$)[a-z][a-z0-9]*(?:-[a-z0-9]+)+$/

const checkEach = (
  values: readonly string[],
  flag: string,
  pattern: RegExp,
  expected: string,
): readonly string[] => {
  for (const value of values) {
    if (!pattern.test(checkText(value, flag))) {
      throw usageError(`${flag}: ${JSON.stringify(value)}: expected ${expected}`)
    }
  }
  return [...new Set(values)]
}

const checkAudience = (audience: string): string => {
  if (AUDIENCE_PATTERN.test(checkText(audience, '--audience'))) return audience
  throw usageError(
    `--audience: ${JSON.stringify(audience)}: expected printable ASCII without spaces`,
  )
}

const readDemands = (recipe: Recipe, typed: TypedOptions): RecipeDemands => {
  const issuer = requiredOption(typed.issuer, '--issuer', 'give https://HOST of rollcall')
  const audience = requiredOption(typed.audience, '--audience', 'the name of your relying party')
  const { role: roles = [], account: accounts = [], region: regions = [] } = typed
  if (roles.length === 0) throw usageError('--role is missing: which role may enter?')
  if (roles.length > 1 && !recipe.severalRoles) {
    throw usageError(`--role: ${recipe.name} admits one role; expected --role once`)
  }
  for (const [name, flag, values] of [
    ['accounts', '--account', accounts],
    ['regions', '--region', regions],
  ] as const) {
    if (values.length > 0 && !recipe.conditions.includes(name)) {
      throw usageError(`${flag}: ${recipe.name} cannot check it; let the policy decide`)
    }
  }
  return {
    issuer: checkServiceAddress(checkText(issuer, '--issuer'), '--issuer'),
    audience: checkAudience(audience),
    roles: checkEach(roles, '--role', /^[a-z][a-z0-9-]{0,62}$/, 'the name of a role'),
    accounts: checkEach(accounts, '--account', /^[0-9]{1,20}$/, 'the number of an account'),
    regions: checkEach(regions, '--region', REGION, 'a region such as cn-hangzhou'),
  }
}

/** The long name of an option. */
const flagOf = (name: RecipeOption): string => RECIPE_OPTIONS[name].flags.split(' ', 1)[0] as string

/**
 * The values of a recipe.
 * @throws CommandError if a value is missing or malformed, or the recipe has no use for it
 */
export const fillRecipe = (recipe: Recipe, typed: TypedOptions): RecipeValues => {
  const demands = readDemands(recipe, typed)
  const values: Partial<Record<RecipeOption, string>> = {}
  for (const name of Object.keys(RECIPE_OPTIONS) as RecipeOption[]) {
    const [flag, given, preset] = [flagOf(name), typed[name], recipe.options[name]]
    if (preset === undefined) {
      if (given === undefined) continue
      throw usageError(`${flag} is no option of ${recipe.name}; it has ${optionsOf(recipe)}`)
    }
    const value = given ?? (typeof preset === 'string' ? preset : preset({ ...demands, ...values }))
    const { accepts, expected } = RECIPE_OPTIONS[name]
    if (value === undefined) {
      const why =
        preset === hostOfAudience
          ? `, since the audience "${demands.audience}" is not an https URL`
          : ''
      throw usageError(`${flag} is missing: ${expected}${why}`)
    }
    if (!accepts(checkText(value, flag))) {
      throw usageError(`${flag}: ${JSON.stringify(value)}: ${expected}`)
    }
    values[name] = value
  }
  // A recipe reads the options that it names: `defineRecipe()`.
  return { ...demands, ...(values as Record<RecipeOption, string>) }
}

/** The options of a recipe besides those of all recipes, for a message. */
export const optionsOf = ({ options }: Recipe): string =>
  Object.keys(options)
    .map((name) => flagOf(name as RecipeOption))
    .join(', ') || 'none of its own'
