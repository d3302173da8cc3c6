// `ROLLCALL_PROXIES`: the proxies that may ask `/v1/authorize` about bound tokens. Problems name the place in the list;
// none shows a hash, which a weak secret could be guessed from.

import * as v from 'valibot'
import type { TrustedProxy } from '../admit/proxies.ts'
import { checkIssuer, isLoopback } from '../base/issuer.ts'
import { accept, refuse } from '../base/result.ts'
import { audienceName, list } from '../policy/schema.ts'
import { parseJson, schemaProblem, secretHash } from './schema-problems.ts'
import type { Parsed } from './variable.ts'

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
  secret_sha256: secretHash,
  audiences: list(audienceName),
})

const MEMBERS = Object.keys(ProxySchema.entries)

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
  const parsed = parseJson(text)
  if (!parsed.ok) return parsed
  if (!Array.isArray(parsed.value)) return refuse([SHAPE])
  const result = v.safeParse(ProxiesSchema, parsed.value)
  if (!result.success) {
    return refuse(
      result.issues.map((issue) =>
        issue.path === undefined ? issue.message : schemaProblem(issue, MEMBERS),
      ),
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
