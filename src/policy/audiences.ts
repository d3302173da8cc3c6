// Which audiences get tokens that are bound to a key, and which get bearer tokens. Most relying parties take a bound
// token as a bearer token, so the binding protects only where no relying party of that audience takes bearer tokens:
// no audience may have both. No I/O, no clock.

import type { TokenBinding } from './exchange.ts'
import type { Policy, Role } from './policy.ts'

/** Whether every token of a role is bound to a key. Where it is not, a client may prove a key, or not. */
export const isAlwaysBound = ({
  binding,
  reenrollment,
}: Pick<Role, 'binding' | 'reenrollment'>): boolean =>
  binding === 'dpop' || reenrollment === 'same_key'

/** An audience, where the policy names it, and whether its tokens are bound. */
export interface AudienceUse {
  readonly audience: string
  /** The role that gives the tokens. */
  readonly role: string
  readonly path: string
  readonly binding: TokenBinding
}

/** Each audience that the policy names, role by role; `binding` `none` where a client may still prove a key. */
export const usesOf = ({ roles }: Policy): readonly AudienceUse[] =>
  roles.flatMap((role) => {
    const own: TokenBinding = isAlwaysBound(role) ? 'dpop' : 'none'
    return [
      ...role.token.audience.map((audience, at) => ({
        audience,
        role: role.name,
        path: `roles.${role.name}.token.audience.${at}`,
        binding: own,
      })),
      ...role.exchange.map(({ audience, binding }, at) => ({
        audience,
        role: role.name,
        path: `roles.${role.name}.exchange.${at}.audience`,
        binding,
      })),
    ]
  })

/** Every audience that the policy gives tokens. */
export const audiencesOf = (policy: Policy): ReadonlySet<string> =>
  new Set(usesOf(policy).map(({ audience }) => audience))

const pairs = <Value>(values: readonly Value[]): (readonly [Value, Value])[] =>
  values.flatMap((a, at) => values.slice(at + 1).map((b) => [a, b] as const))

const ONE_KIND =
  'most relying parties accept a bound token without its key, so give each kind its own audience'

/** Every audience that would get both bound and unbound tokens. */
export const audienceProblems = (policy: Policy): readonly string[] =>
  pairs(usesOf(policy))
    .filter(([a, b]) => a.audience === b.audience && a.binding !== b.binding)
    .map(([a, b]) => {
      const bound = a.binding === 'dpop' ? a : b
      const unbound = a.binding === 'dpop' ? b : a
      return `${unbound.path}: gives "${unbound.audience}" unbound tokens, and ${bound.path} bound ones; ${ONE_KIND}`
    })

/** The audience as careless relying parties compare it. */
const carelessly = (audience: string): string =>
  audience
    .toLowerCase()
    .replace(/^(https:\/\/[^/]+):443(?=\/|$)/, '$1')
    .replace(/^(http:\/\/[^/]+):80(?=\/|$)/, '$1')
    .replace(/\/+$/, '')

/** Audiences of both kinds that differ only in case, a slash at the end or a default port. */
export const audienceTwins = (policy: Policy): readonly string[] =>
  pairs(usesOf(policy))
    .filter(
      ([a, b]) =>
        a.binding !== b.binding &&
        a.audience !== b.audience &&
        carelessly(a.audience) === carelessly(b.audience),
    )
    .map(
      ([a, b]) =>
        `${a.path} "${a.audience}" and ${b.path} "${b.audience}" look alike, but only one has bound tokens; ` +
        'a relying party may mistake one for the other',
    )
