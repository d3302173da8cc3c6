// What rollcall has recorded about the instance of a node, found by the name of the node. The template of the cluster's
// names is read backwards for that, and forwards again for what was found.

import type { NodeRecord, RecordProblem } from '../../admit/kubernetes/attestation.ts'
import { type Instance, ClientError, type OperatorClient } from '../../client/index.ts'
import { type NodeNameTemplate, nodeName } from '../../policy/node-name.ts'
import { usageError } from '../command-error.ts'
import { say } from '../say.ts'

/** How instances are found. */
export interface RecordLookup {
  readonly client: Pick<OperatorClient, 'show' | 'bans'>
  /** Accounts whose instances are nodes; tried in order. */
  readonly accounts: readonly string[]
  readonly template: NodeNameTemplate
  /** The region of all nodes, for a template without it. */
  readonly region?: string | undefined
}

/**
 * Looks up records for one walk through the requests: each node is looked up once, bans are read once, and a service that
 * is down is asked once.
 */
export type FindRecord = (node: string) => Promise<NodeRecord | RecordProblem>

/** Fields of a template that a record does not have. */
const NOT_RECORDED: ReadonlySet<string> = new Set(['zone_id', 'instance_type', 'mac'])

/** Checks that records can be found by names of a template. @throws CommandError */
export const checkLookup = ({
  template,
  region,
}: Pick<RecordLookup, 'template' | 'region'>): void => {
  const fields = template.parts.flatMap((part) => ('field' in part ? [part.field as string] : []))
  const missing = fields.find((field) => NOT_RECORDED.has(field))
  if (missing !== undefined) {
    throw usageError(`--node: a record of rollcall has no {${missing}}; use a template without it`)
  }
  if (!fields.includes('region_id') && region === undefined) {
    throw usageError(
      '--region is missing: the template has no {region_id}; give the region of the nodes',
    )
  }
}

/** The forms of the fields that find an instance, as `codec/identity-document.ts` has them. */
const FORMS: Readonly<Record<string, string>> = {
  region_id: '(?<region>[a-z0-9-]{1,40})',
  instance_id: '(?<instance>[a-z]{1,4}-[a-z0-9]{1,40})',
}

/** A pattern for the names of a template. A field that stands in it twice is found once. */
const patternOf = ({ parts }: NodeNameTemplate): RegExp => {
  const found = new Set<string>()
  const sources = parts.map((part) => {
    if ('text' in part) return part.text.replaceAll('.', '\\.')
    const form = found.has(part.field) ? undefined : FORMS[part.field]
    found.add(part.field)
    return form ?? '[a-z0-9.-]+'
  })
  return new RegExp(`^${sources.join('')}$`)
}

/** Whether an instance can have a name. If not, no record will ever have it. */
export type IsNameOfInstance = (node: string) => boolean

/** Makes the question for the names of a template. */
export const namesOfInstances = ({
  template,
}: Pick<RecordLookup, 'template'>): IsNameOfInstance => {
  const pattern = patternOf(template)
  return (node) => pattern.test(node)
}

/** A record has no place for these, and `checkLookup()` lets no template use them. */
const UNKNOWN = { zone_id: '', instance_type: '', mac: '' }

const nameOf = (template: NodeNameTemplate, it: Instance): string | undefined => {
  const name = nodeName(template, {
    ...UNKNOWN,
    owner_account_id: it.owner_account_id,
    region_id: it.region_id,
    instance_id: it.instance_id,
    serial_number: it.serial_number,
    image_id: it.image_id ?? '',
    private_ipv4: it.private_ipv4 ?? '',
  })
  return name.ok ? name.value : undefined
}

const readBans = async (client: RecordLookup['client']): Promise<ReadonlySet<string>> => {
  const bans = new Set<string>()
  for await (const { items } of client.bans({ limit: 1000 })) {
    for (const { kind, value } of items) bans.add(`${kind}/${value}`)
  }
  return bans
}

/** Makes the lookups of one walk. */
export const findRecords = ({ client, accounts, template, region }: RecordLookup): FindRecord => {
  const pattern = patternOf(template)
  let isDown = false
  let bans: ReadonlySet<string> | undefined

  const show = async (account: string, node: string): Promise<Instance | undefined> => {
    const groups = pattern.exec(node)?.groups
    const instance = groups?.['instance']
    const itsRegion = groups?.['region'] ?? region
    if (instance === undefined || itsRegion === undefined) return undefined
    try {
      const found = await client.show({ account, region: itsRegion, instance })
      return nameOf(template, found) === node ? found : undefined
    } catch (error) {
      if (error instanceof ClientError && error.code === 'not_found') return undefined
      throw error
    }
  }

  const find = async (node: string): Promise<NodeRecord | RecordProblem> => {
    for (const account of accounts) {
      const it = await show(account, node)
      const { private_ipv4: address, last_enrolled_at: enrolledAt } = it ?? {}
      if (it === undefined || address === undefined || enrolledAt === undefined) continue
      bans ??= await readBans(client)
      const banned = [`account/${account}`, `image/${it.image_id}`, `instance/${it.instance_id}`]
      // A reset, after which the next enrollment is a first one, ends the tokens from before it.
      const isEnded = it.open || (it.revoked_until ?? 0) >= enrolledAt
      const isRevoked = isEnded || banned.some((ban) => bans?.has(ban))
      return { nodeName: node, address, enrolledAt, isRevoked }
    }
    return 'NotEnrolled'
  }

  const found = new Map<string, NodeRecord | RecordProblem>()

  return async (node) => {
    const known = found.get(node)
    if (known !== undefined) return known
    if (!pattern.test(node)) return 'NotEnrolled'
    if (isDown) return 'ServiceUnavailable'
    try {
      const record = await find(node)
      found.set(node, record)
      return record
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      isDown = true
      say(`rollcall could not be asked for records: ${error.message}`)
      return 'ServiceUnavailable'
    }
  }
}
