// The names of the recipes, apart from their texts: help and completion need no more.

/** In the order of the list; `recipes/index.ts` has a recipe for each. */
export const RECIPE_NAMES = [
  // Proxies.
  'nginx',
  'nginx-njs',
  'apache-openidc',
  'apache-oauth2',
  'apache-oauth2-bound',
  'haproxy',
  'caddy',
  'traefik',
  'envoy',
  // Apps.
  'hono',
  'express',
  'node-http',
  'fetch',
  'fetch-bound',
  'jose',
  'express-oauth2-jwt-bearer',
  'pyjwt',
  'go-oidc',
  // Services.
  'kubernetes',
  'vault',
  'consul',
  'step-ca',
  'rabbitmq',
  'alibaba-ram',
] as const

/** The name of a recipe. */
export type RecipeName = (typeof RECIPE_NAMES)[number]
