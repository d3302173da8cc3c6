// What must hold after a storm. Pure: it compares what the clients received, what the service lists and what it logged.

import { type JsonWebKey, createPublicKey } from 'node:crypto'
import jsonwebtoken, { type JwtPayload } from 'jsonwebtoken'
import { type Actor, audienceOf } from './cast.ts'
import type { Ending, ReceivedToken } from './clients.ts'

/** A record as operators are shown it. */
export interface ListedRecord {
  readonly owner_account_id: string
  readonly region_id: string
  readonly instance_id: string
  readonly enrollments: number
}

/** A published key. */
export type PublishedKey = JsonWebKey & { readonly kid: string }

/** All that was seen of a storm. */
export interface Observed {
  readonly issuer: string
  readonly cast: readonly Actor[]
  readonly endings: readonly Ending[]
  readonly tokens: readonly ReceivedToken[]
  /** All records that the service lists, as they come. */
  readonly records: readonly ListedRecord[]
  /** Ids of the tokens that the audit events say were issued, by instance. */
  readonly issued: ReadonlyMap<string, ReadonlySet<string>>
  /** The keys that are published at the end. */
  readonly keys: readonly PublishedKey[]
  /** Those that were published before the new key of a rotation began to sign; none without a rotation. */
  readonly earlierKeys: readonly PublishedKey[] | undefined
}

/** A check, and what contradicts it. */
export interface CheckResult {
  readonly name: string
  readonly problems: readonly string[]
}

type Claims = JwtPayload & { readonly role?: string; readonly cnf?: { readonly jkt?: string } }

const nameOf = ({ kind, instanceId }: Actor): string => `${instanceId} (${kind})`

const subjectOf = ({ region, account, instanceId }: Actor): string =>
  `acs:ecs:${region}:${account}:instance/${instanceId}`

const keyOf = ({ account, region, instanceId }: Actor): string =>
  `${account}/${region}/${instanceId}`

/** Verifies as a relying party that has these keys. @throws Error if the token is not good */
const createVerifier = (
  issuer: string,
  keys: readonly PublishedKey[],
): ((token: string, audience: string) => Claims) => {
  const known = new Map(
    keys.map((key) => [key.kid, createPublicKey({ key, format: 'jwk' })] as const),
  )
  return (token, audience) => {
    const kid = jsonwebtoken.decode(token, { complete: true })?.header.kid ?? ''
    const key = known.get(kid)
    if (key === undefined) throw new Error(`its key ${kid} is not published`)
    // Expiry is not looked at: a storm may take longer than a token lives.
    const options = { issuer, audience, algorithms: ['ES256'] as const, ignoreExpiration: true }
    return jsonwebtoken.verify(token, key, { ...options, algorithms: ['ES256'] }) as Claims
  }
}

const claimProblems = ({ actor, jkt }: ReceivedToken, claims: Claims): readonly string[] => {
  const wrong = (name: string, found: unknown, expected: unknown): readonly string[] =>
    found === expected
      ? []
      : [`${nameOf(actor)}: ${name} is ${String(found)}, expected ${String(expected)}`]
  return [
    ...wrong('sub', claims.sub, subjectOf(actor)),
    ...wrong('role', claims.role, actor.role),
    ...wrong('cnf.jkt', claims.cnf?.jkt, jkt),
  ]
}

const tokenProblems = ({ issuer, tokens, keys, earlierKeys }: Observed): readonly string[] => {
  const verifiers = [keys, ...(earlierKeys === undefined ? [] : [earlierKeys])].map((set) =>
    createVerifier(issuer, set),
  )
  return tokens.flatMap((received) => {
    const { token, actor } = received
    try {
      return verifiers.flatMap((verify) =>
        claimProblems(received, verify(token, audienceOf(actor.role))),
      )
    } catch (error) {
      return [`${nameOf(actor)}: ${(error as Error).message}`]
    }
  })
}

/** Ids of the tokens that arrived, by what they have in common. */
const jtisBy = (
  tokens: readonly ReceivedToken[],
  group: (received: ReceivedToken) => string,
): Map<string, Set<string>> => {
  const groups = new Map<string, Set<string>>()
  for (const received of tokens) {
    const { jti = '' } = (jsonwebtoken.decode(received.token) ?? {}) as JwtPayload
    const key = group(received)
    groups.set(key, (groups.get(key) ?? new Set()).add(jti))
  }
  return groups
}

const challengeProblems = ({ tokens }: Observed): readonly string[] => {
  const byChallenge = jtisBy(tokens, ({ challenge }) => challenge)
  const challengeOf = new Map<string, string>()
  return [...byChallenge].flatMap(([challenge, jtis]) => {
    const problems = [...jtis].flatMap((jti) =>
      challengeOf.has(jti) ? [`token ${jti} was issued for two challenges`] : [],
    )
    for (const jti of jtis) challengeOf.set(jti, challenge)
    return jtis.size === 1
      ? problems
      : [...problems, `challenge ${challenge}: ${jtis.size} different tokens, expected one`]
  })
}

const auditProblems = ({ tokens, issued }: Observed): readonly string[] =>
  [...jtisBy(tokens, ({ actor }) => actor.instanceId)].flatMap(([instance, jtis]) =>
    [...jtis]
      .filter((jti) => issued.get(instance)?.has(jti) !== true)
      .map((jti) => `${instance}: token ${jti} has no audit event`),
  )

const recordProblems = ({ cast, records, issued }: Observed): readonly string[] => {
  const counts = new Map<string, { times: number; enrollments: number }>()
  for (const record of records) {
    const { owner_account_id: account, region_id: region, instance_id: instanceId } = record
    const key = `${account}/${region}/${instanceId}`
    const times = (counts.get(key)?.times ?? 0) + 1
    counts.set(key, { times, enrollments: record.enrollments })
  }
  return cast
    .filter(({ kind }) => kind === 'honest')
    .flatMap((actor) => {
      const { times, enrollments } = counts.get(keyOf(actor)) ?? { times: 0, enrollments: 0 }
      if (times !== 1) return [`${nameOf(actor)}: ${times} records, expected one`]
      const tokens = issued.get(actor.instanceId)?.size ?? 0
      return enrollments === tokens
        ? []
        : [`${nameOf(actor)}: ${enrollments} enrollments in its record, ${tokens} in the log`]
    })
}

const strangerProblems = ({ cast, records }: Observed): readonly string[] => {
  const honest = new Set(cast.filter(({ kind }) => kind === 'honest').map(keyOf))
  const others = new Map(cast.map((actor) => [keyOf(actor), nameOf(actor)]))
  return records
    .map((record) => `${record.owner_account_id}/${record.region_id}/${record.instance_id}`)
    .filter((key) => !honest.has(key))
    .map((key) => `${others.get(key) ?? key}: has a record`)
}

const dishonestTokenProblems = ({ tokens }: Observed): readonly string[] =>
  tokens
    .filter(({ actor }) => actor.kind !== 'honest')
    .map(({ actor }) => `${nameOf(actor)}: received a token`)

const endingProblems = (
  { cast, endings }: Observed,
  isMeant: (actor: Actor) => boolean,
  outcome: Ending['outcome'],
): readonly string[] => {
  const byActor = new Map(endings.map((ending) => [ending.actor, ending]))
  return cast.filter(isMeant).flatMap((actor) => {
    const ending = byActor.get(actor)
    if (ending?.outcome === outcome) return []
    const found = ending === undefined ? 'did not end' : `${ending.outcome} ${ending.detail}`
    return [`${nameOf(actor)}: ${found.trim()}, expected ${outcome}`]
  })
}

/** Checks a storm. */
export const checkStorm = (seen: Observed): readonly CheckResult[] => {
  const isHonest = ({ kind }: Actor): boolean => kind === 'honest'
  return [
    {
      name: 'each honest instance ended with a token',
      problems: endingProblems(seen, isHonest, 'token'),
    },
    { name: 'each honest instance has exactly one record', problems: recordProblems(seen) },
    { name: 'all tokens for one challenge are the same token', problems: challengeProblems(seen) },
    { name: 'each token verifies with the published keys', problems: tokenProblems(seen) },
    { name: 'each token has its audit event', problems: auditProblems(seen) },
    {
      name: 'each dishonest instance was refused',
      problems: endingProblems(seen, (actor) => !isHonest(actor), 'refused'),
    },
    { name: 'no dishonest instance received a token', problems: dishonestTokenProblems(seen) },
    { name: 'no dishonest instance has a record', problems: strangerProblems(seen) },
  ]
}
