// `ROLLCALL_PROXIES`: the proxies that may ask `/v1/authorize` about bound tokens. Problems name the place in the list;
// none shows a hash, which a weak secret could be guessed from.

import * as v from 'valibot'
import type { TrustedProxy } from '../admit/proxies.ts'
import { checkIssuer, isLoopback } from '../base/issuer.ts'
import { parseUniqueJson } from '../base/json.ts'
import { accept, refuse } from '../base/result.ts'
import { audienceName, list } from '../policy/schema.ts'
import type { Parsed } from './variable.ts'

/** SHA-256 of no bytes: of a secret that was not set where it was hashed. */
const HASH_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

const originProblem = (text: string): string | undefined => {
  const origin = checkIssuer(text)
  if (!origin.ok) return origin.refusal
  const { protocol, hostname } = new URL(text)
  return protocol === 'http:' && !isLoopback(hostname)
    ? 'is not encrypted; use https (http is for localhost only)'
    : undefined
}

const ProxySchema = v.strictObject({
  name: v.pipe(
    v.string('expected a text'),
    v.regex(/^[a-z][a-z0-9-]{0,62}$/, 'expected a lower-case letter, then letters, digits and -'),
  ),
  origin: v.pipe(
    v.string('expected a text'),
    v.rawCheck(({ dataset, addIssue }) => {
      const problem = dataset.typed ? originProblem(dataset.value) : undefined
      if (problem !== undefined) addIssue({ message: problem })
    }),
  ),
  secret_sha256: v.pipe(
    v.string('expected a text'),
    v.regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits, the SHA-256 of the secret'),
    v.check((hash) => hash !== HASH_OF_NOTHING, 'is the hash of an empty text; hash the secret'),
  ),
  audiences: list(audienceName),
})

const MEMBERS = Object.keys(ProxySchema.entries).join(', ')

const problemOf = (issue: v.BaseIssue<unknown>): string => {
  const path = issue.path?.map(({ key }) => String(key)).join('.') ?? ''
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return `${path}: unknown name; expected one of ${MEMBERS}`
  }
  if (issue.received === 'undefined') return `${path}: required`
  return issue.type === 'strict_object'
    ? `${path}: expected an object with ${MEMBERS}`
    : `${path}: ${issue.message}`
}

const SHAPE = 'expected a list: [{"name", "origin", "secret_sha256", "audiences"}]'

const ProxiesSchema = v.pipe(
  v.array(ProxySchema),
  v.minLength(1, 'expected at least one proxy, or no variable'),
)

/** The places that say what an earlier place says. A secret chooses one proxy, so no two may share one. */
const duplicates = (proxies: v.InferOutput<typeof ProxiesSchema>): string[] =>
  proxies.flatMap(({ name, secret_sha256: hash }, index) => {
    const before = proxies.slice(0, index)
    return [
      ...(before.some((other) => other.name === name)
        ? [`${index}.name: another proxy has this name`]
        : []),
      ...(before.some((other) => other.secret_sha256 === hash)
        ? [`${index}.secret_sha256: another proxy has this secret; give each one of its own`]
        : []),
    ]
  })

/** Reads the list of proxies from JSON. */
export const parseProxies = (text: string): Parsed<readonly TrustedProxy[]> => {
  const parsed = parseUniqueJson(text)
  if (!parsed.ok) {
    return refuse([parsed.refusal === 'duplicate_key' ? 'a key occurs twice' : 'expected JSON'])
  }
  if (!Array.isArray(parsed.value)) return refuse([SHAPE])
  const result = v.safeParse(ProxiesSchema, parsed.value)
  if (!result.success) {
    return refuse(
      result.issues.map((issue) => (issue.path === undefined ? issue.message : problemOf(issue))),
    )
  }
  const problems = duplicates(result.output)
  if (problems.length > 0) return refuse(problems)
  return accept(
    result.output.map(({ name, origin, secret_sha256: secretSha256, audiences }) => ({
      name,
      origin,
      secretSha256,
      audiences,
    })),
  )
}
