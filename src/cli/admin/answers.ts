// What the service answers to operators. Members that are not used here are kept, for `--json`.

import * as v from 'valibot'
import { CommandError, EXIT } from '../exit-status.ts'

/** The largest number of seconds that is a date. */
const MAX_TIME_SECONDS = 8.64e12

const time = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_TIME_SECONDS))

const InstanceBody = v.looseObject({
  owner_account_id: v.string(),
  region_id: v.string(),
  instance_id: v.string(),
  serial_number: v.string(),
  first_enrolled_at: v.optional(time),
  last_enrolled_at: v.optional(time),
  enrollments: v.number(),
  role: v.optional(v.string()),
  image_id: v.optional(v.string()),
  private_ipv4: v.optional(v.string()),
  jkt: v.optional(v.string()),
  generation: v.number(),
  open: v.boolean(),
  revoked_until: v.optional(time),
})

const BanBody = v.looseObject({
  kind: v.string(),
  value: v.string(),
  reason: v.string(),
  banned_by: v.string(),
  banned_by_kid: v.optional(v.string()),
  banned_at: time,
})

/** An instance as operators see it; times in Unix seconds. */
export type InstanceAnswer = v.InferOutput<typeof InstanceBody>

/** A ban as operators see it. */
export type BanAnswer = v.InferOutput<typeof BanBody>

/** A part of a list; absent cursor: the last one. */
export interface PageAnswer<Item> {
  readonly items: readonly Item[]
  readonly cursor: string | undefined
}

/** Reads an answer. @throws CommandError if it is none that this call has */
type Read<Answer> = (body: unknown) => Answer

const reader =
  <Answer>(schema: v.GenericSchema<unknown, Answer>): Read<Answer> =>
  (body) => {
    const result = v.safeParse(schema, body)
    if (result.success) return result.output
    const path = result.issues[0].path?.map(({ key }) => String(key)).join('.') ?? 'all of it'
    throw new CommandError(
      EXIT.incomplete,
      `the answer is not what this version of the command knows (${path}); is --issuer a rollcall ` +
        'service, and of the same version?',
    )
  }

const cursor = v.optional(v.string())

/** Reads an instance. */
export const readInstance: Read<InstanceAnswer> = reader(InstanceBody)

/** Reads a ban. */
export const readBan: Read<BanAnswer> = reader(BanBody)

/** Reads what came of an introspection (RFC 7662). */
export const readIntrospection: Read<{ active: boolean } & Record<string, unknown>> = reader(
  v.looseObject({ active: v.boolean() }),
)

const readInstances = reader(v.looseObject({ instances: v.array(InstanceBody), cursor }))
const readBans = reader(v.looseObject({ bans: v.array(BanBody), cursor }))

/** Reads a page of instances. */
export const readInstancePage: Read<PageAnswer<InstanceAnswer>> = (body) => {
  const answer = readInstances(body)
  return { items: answer.instances, cursor: answer.cursor }
}

/** Reads a page of bans. */
export const readBanPage: Read<PageAnswer<BanAnswer>> = (body) => {
  const answer = readBans(body)
  return { items: answer.bans, cursor: answer.cursor }
}
