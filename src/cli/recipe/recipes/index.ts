// All recipes, in the order of `RECIPE_NAMES`.

import type { Recipe } from '../form.ts'
import { nginx } from './nginx.ts'
import { pyjwt } from './pyjwt.ts'

/** All recipes. */
export const RECIPES: readonly Recipe[] = [nginx, pyjwt]
