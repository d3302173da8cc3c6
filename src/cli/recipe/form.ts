// What a recipe is: the configuration of one kind of relying party, as text with the values of a user filled in.
// `quote.ts` writes values into the formats; `fill.ts` reads and checks them.

import { parseUrl } from '../../base/url.ts'

/** Options of some recipes, by the name of their value. `options.ts` has flags, meanings and checks. */
export type RecipeOption =
  | 'caFile'
  | 'certificateFile'
  | 'host'
  | 'keyFile'
  | 'keysFolder'
  | 'listen'
  | 'mount'
  | 'name'
  | 'node'
  | 'policy'
  | 'provider'
  | 'ramAccount'
  | 'ramRole'
  | 'secretFile'
  | 'templateFile'
  | 'trustDomain'
  | 'upstream'

/** What a relying party can demand besides audience and role. */
export type RecipeCondition = 'accounts' | 'regions'

/** What every recipe gets: checked, without control characters. */
export interface RecipeDemands {
  /** `https://HOST`, without a slash at its end. */
  readonly issuer: string
  readonly audience: string
  /** Roles that are admitted; at least one. */
  readonly roles: readonly string[]
  /** Accounts that are admitted; empty: each that the role admits. */
  readonly accounts: readonly string[]
  /** The same for regions. */
  readonly regions: readonly string[]
}

/** All values of a recipe. */
export type RecipeValues<Option extends RecipeOption = RecipeOption> = RecipeDemands &
  Readonly<Record<Option, string>>

/** A recipe that no test starts. */
interface NotRun {
  /** The documentation that it follows, with its version. */
  readonly notRun: string
  /** The program and version that was started by hand with these files, and when: "Vault 1.8 on 2026-11-27". */
  readonly byHand?: string
}

/** The language of a file, as a Markdown fence names it. */
export type RecipeLanguage =
  | 'apache'
  | 'caddyfile'
  | 'conf'
  | 'go'
  | 'haproxy'
  | 'ini'
  | 'js'
  | 'json'
  | 'nginx'
  | 'python'
  | 'sh'
  | 'text'
  | 'ts'
  | 'yaml'

/** One file of a recipe. */
export interface RecipeFile {
  /** Where it belongs: absolute, or the name of a program. */
  readonly path: string
  readonly language: RecipeLanguage
  /** All of it, with a line break at its end. */
  readonly text: string
}

/** With the host of a recipe that has this option. */
interface WithHost {
  readonly host?: string
}

/** A value that is used if the user gives none; `undefined`: the user has to give one. */
type Default = string | ((demands: RecipeDemands & WithHost) => string | undefined)

interface RecipeParts<Option extends RecipeOption> {
  /** As it is typed: lower case, with dashes. */
  readonly name: string
  /** Of the relying party, such as "nginx with auth_request". */
  readonly title: string
  /**
   * The program and version that the tests start with these files, such as "nginx 1.22"; or what there is instead, as no
   * test can start it.
   */
  readonly ran: string | NotRun
  /** What happens to a banned instance, as a text that follows these words. */
  readonly ban: string
  /** What it can demand besides audience and role. */
  readonly conditions: readonly RecipeCondition[]
  /** Whether it can admit several roles. */
  readonly severalRoles: boolean
  /** The options that it takes, with their defaults. */
  readonly options: Readonly<Record<Option, Default>>
  /** Page of the documentation below `docs/`, such as "use/nginx.md". */
  readonly page?: string
  /** The files. @throws CommandError if a format cannot hold a value */
  files(values: RecipeValues<Option>): readonly RecipeFile[]
  /** What to do with the files, in order; one sentence or one command each. */
  steps(values: RecipeValues<Option>): readonly string[]
}

/** The recipe of one kind of relying party. */
export interface Recipe extends Omit<RecipeParts<RecipeOption>, 'options'> {
  readonly options: Readonly<Partial<Record<RecipeOption, Default>>>
}

/** Defines a recipe: its functions get the options that it names, and no others. */
export const defineRecipe = <Option extends RecipeOption = never>(
  recipe: RecipeParts<Option>,
): Recipe => recipe

/** The first line of what is printed: which program the tests start, or was started by hand, or that nothing was run. */
export const ranLine = ({ title, ran }: Recipe): string => {
  if (typeof ran === 'string') return `${title}. Tested with ${ran}.`
  const { byHand, notRun } = ran
  const how = byHand === undefined ? 'Not run' : `Run by hand with ${byHand}, not by the tests`
  return `${title}. ${how}. Written from ${notRun}.`
}

/** The host of the audience, for recipes whose clients use the audience as the address. */
export const hostOfAudience = ({ audience }: RecipeDemands): string | undefined => {
  const { protocol, hostname } = parseUrl(audience) ?? { protocol: '', hostname: '' }
  return protocol === 'https:' && hostname !== '' ? hostname : undefined
}

/** The port of the audience, if clients use it as the address of this host; 443 otherwise. */
export const portOfAudience = (demands: RecipeDemands & WithHost): string =>
  (hostOfAudience(demands) === demands.host && parseUrl(demands.audience)?.port) || '443'
