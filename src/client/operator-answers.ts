// The answers of the service to operators, checked against the schemas of its API description.
// Members that this version does not know are kept.

import { type AnswerName, type ReceivedAnswer, readAnswer } from '../base/wire/answers.ts'
import { ClientError } from './client-error.ts'

/** An instance as operators see it. Times are Unix seconds. */
export interface Instance {
  /** Id of the account that owns the instance. */
  readonly owner_account_id: string
  /** Id of its region, such as `cn-hangzhou`. */
  readonly region_id: string
  /** Id of the instance, such as `i-bp13znx0m0me8cq`. */
  readonly instance_id: string
  /** Serial number of the instance; it never changes. */
  readonly serial_number: string
  /** Time of the first enrollment; absent if it has not enrolled since the latest reset. */
  readonly first_enrolled_at?: number | undefined
  /** Time of the latest enrollment; absent if it has not enrolled. */
  readonly last_enrolled_at?: number | undefined
  /** How many times it enrolled; 0 after the instance is forgotten. */
  readonly enrollments: number
  /** Role of the latest enrollment. */
  readonly role?: string | undefined
  /** Image at the latest enrollment. */
  readonly image_id?: string | undefined
  /** Address at the latest enrollment. */
  readonly private_ipv4?: string | undefined
  /** RFC 7638 thumbprint of the key that the instance first enrolled with. */
  readonly jkt?: string | undefined
  /** The number of resets. */
  readonly generation: number
  /** Whether the next enrollment is a first enrollment. */
  readonly open: boolean
  /** Tokens issued up to this time are revoked; absent if none are. */
  readonly revoked_until?: number | undefined
  /** Members of a newer service. */
  readonly [name: string]: unknown
}

/** A ban as operators see it. Times are Unix seconds. */
export interface Ban {
  /** What is banned: `account`, `image` or `instance`; a newer service may have others. */
  readonly kind: string
  /** Its id. */
  readonly value: string
  /** Why, in the words of the operator. */
  readonly reason: string
  /** Name of the operator. */
  readonly banned_by: string
  /** RFC 7638 thumbprint of the operator's key. */
  readonly banned_by_kid?: string | undefined
  /** When it was banned. */
  readonly banned_at: number
  /** Members of a newer service. */
  readonly [name: string]: unknown
}

/** The identity of an instance, as the `ecs` claim of its token has it. */
export interface AttestedInstance {
  /** Id of the account that owns the instance. */
  readonly owner_account_id: string
  /** Id of the instance. */
  readonly instance_id: string
  /** Id of its region. */
  readonly region_id: string
  /** Id of its zone. */
  readonly zone_id: string
  /** Its type, such as `ecs.g6e.large`. */
  readonly instance_type: string
  /** Id of its image. */
  readonly image_id: string
  /** Its private address. */
  readonly private_ipv4: string
  /** MAC address of its first network interface. */
  readonly mac: string
  /** Its serial number. */
  readonly serial_number: string
  /** Members of a newer service. */
  readonly [name: string]: unknown
}

/** The key that a token is bound to. */
export interface BoundKey {
  /** Its RFC 7638 thumbprint. */
  readonly jkt: string
  /** Members of a newer service. */
  readonly [name: string]: unknown
}

/**
 * The answer of an introspection: whether a token is valid, and the claims of a valid one. Times
 * are Unix seconds.
 * @see RFC 7662 section 2.2
 */
export interface Introspection {
  /** Whether the token is valid. If not, all other members are absent. */
  readonly active: boolean
  /** `Bearer` or `DPoP`. */
  readonly token_type?: string | undefined
  /** Issuer: the name of the service. */
  readonly iss?: string | undefined
  /** Subject: the instance. */
  readonly sub?: string | undefined
  /** Audiences: the relying parties that the token is for. */
  readonly aud?: readonly string[] | undefined
  /** When the token was issued. */
  readonly iat?: number | undefined
  /** When the token becomes valid. */
  readonly nbf?: number | undefined
  /** When the token expires. */
  readonly exp?: number | undefined
  /** Id of the token. */
  readonly jti?: string | undefined
  /** How the instance was authenticated. */
  readonly acr?: string | undefined
  /** The role that the instance enrolled in. */
  readonly role?: string | undefined
  /** The groups of the role. */
  readonly groups?: readonly string[] | undefined
  /** The key that the token is bound to (RFC 9449): its RFC 7638 thumbprint. */
  readonly cnf?: BoundKey | undefined
  /** The attested identity of the instance. */
  readonly ecs?: AttestedInstance | undefined
  /** Members of a newer service. */
  readonly [name: string]: unknown
}

/** A part of a list. */
export interface Page<Item> {
  /** The items of this page. A page can be empty although more pages follow. */
  readonly items: readonly Item[]
  /** Where the next page begins; absent on the last page. */
  readonly cursor: string | undefined
}

/** Reads an answer. @throws ClientError `unexpected_answer` */
export const readOperatorAnswer = <Name extends AnswerName>(
  name: Name,
  body: unknown,
): ReceivedAnswer<Name> => {
  const answer = readAnswer(name, body)
  if (answer.ok) return answer.value
  const { path, expected } = answer.refusal
  throw new ClientError(
    `the answer has an unexpected form (${path || 'all of it'}: expected ${expected})`,
    {
      code: 'unexpected_answer',
      remedy: 'is the issuer a rollcall service, and of the same version?',
    },
  )
}

/** Reads a page of instances. @throws ClientError `unexpected_answer` */
export const readInstancePage = (body: unknown): Page<Instance> => {
  const { instances, cursor } = readOperatorAnswer('InstancePage', body)
  return { items: instances, cursor }
}

/** Reads a page of bans. @throws ClientError `unexpected_answer` */
export const readBanPage = (body: unknown): Page<Ban> => {
  const { bans, cursor } = readOperatorAnswer('BanPage', body)
  return { items: bans, cursor }
}
