// The line of a recipe that refuses a bad token.

import { checkOf } from './bad-tokens.ts'
import { parseUrl } from '../../base/url.ts'
import { fillRecipe } from '../recipe/fill.ts'
import type { Recipe, RecipeFile } from '../recipe/form.ts'
import { RECIPES } from '../recipe/recipes/index.ts'
import { ADMITS, MARKS, type MarkedRecipe, type Marks } from './recipe-marks.ts'
import type { RefusingLine } from './report.ts'
import type { ShotName } from './shots.ts'

/** What was typed for the recipe. */
interface Asked {
  readonly recipe?: MarkedRecipe | undefined
  readonly issuer?: string | undefined
  readonly audience?: string | undefined
  readonly role?: string | undefined
}

const markOf = (marks: Marks, name: ShotName): string | undefined => {
  if (name === 'no token' || name === 'not a token') return marks.everything
  return marks[name] ?? marks[checkOf(name)] ?? marks.everything
}

/** The prober does not know by which name clients reach the door; no line that is named depends on it. */
const SOME_HOST = 'door.example'

/** Values of the same kind as those of the user, and without a mark in them. */
const withoutMarks = ({ issuer = '', audience = '' }: Asked): Asked => ({
  issuer: issuer.startsWith('https:') ? 'https://x.test' : 'http://127.0.0.1:1',
  audience: audience.startsWith('https:') ? 'https://y.test' : 'y',
  role: 'z',
})

/** The line in which a text has a mark of its own, and not by a value of the user. */
const lineWith = (text: string, plain: string, mark: string): string | undefined => {
  const [lines, plainLines] = [text.split('\n'), plain.split('\n')]
  const marked = lines.length === plainLines.length ? plainLines : lines
  return lines[marked.findIndex((line) => line.includes(mark))]?.trim()
}

const filesOf = (
  recipe: Recipe,
  { issuer, audience, role }: Omit<Asked, 'recipe'>,
): readonly RecipeFile[] => {
  const demands = { issuer, audience, role: role === undefined ? [] : [role] }
  const isHostMissing =
    recipe.options.host !== undefined && parseUrl(audience ?? '')?.protocol !== 'https:'
  return recipe.files(fillRecipe(recipe, { ...demands, ...(isHostMissing && { host: SOME_HOST }) }))
}

/**
 * Says which line of a recipe refuses a token, with its file, or that none does; nothing without a recipe.
 * @throws CommandError if the recipe does not take the values
 */
export const refusingLine = ({ recipe: name, ...asked }: Asked): RefusingLine => {
  const recipe = RECIPES.find((it) => it.name === name)
  if (name === undefined || recipe === undefined) return () => undefined
  const files = filesOf(recipe, asked)
  // The values of the user may contain a mark, as the audience https://roles.example does.
  const plain = filesOf(recipe, withoutMarks(asked))
  return (token) => {
    if ((ADMITS[name] as readonly ShotName[] | undefined)?.includes(token) === true) {
      return `the recipe ${name} admits it, too, since its program cannot refuse it`
    }
    const mark = markOf(MARKS[name], token)
    if (mark === undefined) return undefined
    for (const [at, { path, text }] of files.entries()) {
      const line = lineWith(text, plain[at]?.text ?? text, mark)
      if (line !== undefined)
        return `the recipe ${name} refuses it by this line of ${path}: ${line}`
    }
    return undefined
  }
}
