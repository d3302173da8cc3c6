// Bans: an account, an image or an instance that may not enroll, until an operator lifts it. Each is
// an entry of its own that never expires.

import { type Result, accept } from '../base/result.ts'
import type { EcsField } from '../policy/fields.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { InstanceIdentity } from '../verify/instance-identity.ts'
import { changeEntry } from './change-entry.ts'
import { encodeStored } from '../base/stored-format.ts'
import { checkStored, decodeStored } from './format.ts'
import { type Page, type PageRefusal, type PageRequest, listEntries } from './page.ts'
import { settle } from './settle.ts'

/** What a ban can name. */
export type BanKind = 'account' | 'image' | 'instance'

type Banned = 'ownerAccountId' | 'imageId' | 'instanceId'

/** Each kind's field of the identity, and that field's name in policies. */
export const BANNABLE: Readonly<Record<BanKind, readonly [Banned, EcsField]>> = {
  account: ['ownerAccountId', 'owner_account_id'],
  image: ['imageId', 'image_id'],
  instance: ['instanceId', 'instance_id'],
}

/** All kinds, in the order in which they are reported. */
export const BAN_KINDS = /* @__PURE__ */ Object.keys(BANNABLE) as readonly BanKind[]

/** The ledger's kind of the entries of bans. */
export const BAN_ENTRY_KIND = 'ban'

/** The key of a ban's entry. */
export const banKey = (kind: BanKind, value: string): string => `${BAN_ENTRY_KIND}:${kind}/${value}`

/**
 * Reads the bans of an instance, all at once.
 * @param now Unix seconds
 * @returns the first field that a ban names, if any does
 * @throws LedgerUnavailableError
 */
export const findBan = async (
  ledger: Ledger,
  identity: Pick<InstanceIdentity, Banned>,
  now: number,
): Promise<EcsField | undefined> => {
  const bans = await settle(
    BAN_KINDS.map((kind) => ledger.read(banKey(kind, identity[BANNABLE[kind][0]]), now)),
  )
  // A ban in the format of another release may mean something else, so reading it fails.
  bans.forEach(checkStored)
  const at = bans.findIndex((ban) => ban !== undefined)
  const kind = BAN_KINDS[at]
  return kind === undefined ? undefined : BANNABLE[kind][1]
}

/** A ban as an operator made it. */
export interface Ban {
  readonly kind: BanKind
  readonly value: string
  readonly reason: string
  /** `sub` of the operator's token. */
  readonly by: string
  /** RFC 7638 thumbprint of the operator's key. */
  readonly kid: string
  /** Unix seconds. */
  readonly at: number
}

const decodeBan = (key: string, text: string): Ban => {
  // The value of a ban contains neither colon nor slash.
  const [, kind, value] = key.split(/[:/]/) as [string, BanKind, string]
  return { kind, value, ...(JSON.parse(decodeStored(text)) as Omit<Ban, 'kind' | 'value'>) }
}

/**
 * Bans, or changes the reason of a ban. Once this has returned, the ban applies to every enrollment whose ban
 * reads are sent later.
 * @throws LedgerUnavailableError
 */
export const ban = async (ledger: Ledger, { kind, value, ...why }: Ban): Promise<void> => {
  const key = banKey(kind, value)
  const next = { value: encodeStored(JSON.stringify(why)) }
  const present = await ledger.read(key, why.at)
  await changeEntry(ledger, key, present, why.at, () => ({ result: undefined, next }))
}

/** Lifts a ban, if there is one. @param now Unix seconds @throws LedgerUnavailableError */
export const unban = async (
  ledger: Ledger,
  kind: BanKind,
  value: string,
  now: number,
): Promise<void> => {
  const key = banKey(kind, value)
  // Expired by every clock: with an expiry of now, a slow clock would still see a ban, without its reason.
  const gone = { value: encodeStored(''), expiresAt: 0 }
  const present = await ledger.read(key, now)
  await changeEntry(ledger, key, present, now, (found) => ({
    result: undefined,
    next: found === undefined ? undefined : gone,
  }))
}

/**
 * Lists bans, in an order of the ledger's own.
 * @throws LedgerUnavailableError
 */
export const listBans = async (
  ledger: Ledger,
  page: PageRequest,
  now: number,
): Promise<Result<Page<Ban>, PageRefusal>> => {
  const listed = await listEntries(ledger, BAN_ENTRY_KIND, page, now)
  if (!listed.ok) return listed
  const { entries, cursor } = listed.value
  return accept({ items: entries.map(({ key, value }) => decodeBan(key, value)), cursor })
}
