// Prints a recipe or the list of all, or writes its files.

import { print, printJson, printTable } from '../output.ts'
import { fillRecipe } from './fill.ts'
import { type Recipe, type RecipeFile, ranLine } from './form.ts'
import type { RecipeCall } from './recipe.ts'
import { RECIPES } from './recipes/index.ts'
import { writeRecipe } from './write.ts'

const ranMembers = ({ ran }: Recipe) =>
  typeof ran === 'string'
    ? { run: ran }
    : { run: null, by_hand: ran.byHand ?? null, source: ran.notRun }

/** What the list says, in few words. */
const ranWords = ({ ran }: Recipe): string => {
  if (typeof ran === 'string') return ran
  return ran.byHand === undefined ? 'not run' : `by hand: ${ran.byHand}`
}

/** Prints a line for each recipe. */
export const listRecipes = ({ json }: RecipeCall): void => {
  if (json) {
    return printJson(
      RECIPES.map((recipe) => ({
        name: recipe.name,
        title: recipe.title,
        ...ranMembers(recipe),
        ban: recipe.ban,
      })),
    )
  }
  printTable(
    ['NAME', 'RUN BY THE TESTS', 'RELYING PARTY'],
    RECIPES.map((recipe) => [recipe.name, ranWords(recipe), recipe.title]),
  )
}

const section = ({ path, text }: RecipeFile): string[] => [
  '',
  `# file: ${path}`,
  '',
  text.trimEnd(),
]

/** Prints a recipe with its values, or writes its files. @throws CommandError */
export const showRecipe = (name: string, call: RecipeCall): void => {
  const recipe = RECIPES.find((it) => it.name === name) as Recipe
  const values = fillRecipe(recipe, call)
  const [files, steps] = [recipe.files(values), recipe.steps(values)]
  const written = call.out === undefined ? undefined : writeRecipe(files, call.out)
  if (call.json) {
    const { title, ban } = recipe
    return printJson({ name, title, ...ranMembers(recipe), ban, files, steps, written })
  }
  print(
    `# ${ranLine(recipe)}`,
    `# A banned instance ${recipe.ban}.`,
    ...steps.map((step, at) => `# ${at + 1}. ${step}`),
    ...(written === undefined ? files.flatMap(section) : written.map((path) => `# wrote ${path}`)),
  )
}
