// The names of the recipes, apart from their texts: help and completion need no more.

/** In the order of the list; `recipes/index.ts` has a recipe for each. */
export const RECIPE_NAMES = ['nginx', 'pyjwt'] as const
