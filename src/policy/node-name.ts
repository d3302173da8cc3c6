// The name of a Kubernetes node, made from the fields that the cloud signed for its instance: a template such as
// `{region_id}.{instance_id}`, and the name that it gives. A node cannot choose any part of its name. No I/O.

import { type Result, accept, refuse } from '../base/result.ts'
import { ECS_FIELD_NAMES, type EcsField } from './fields.ts'

/** A part of a template: text that every name has, or a field of the instance. */
export type NodeNamePart =
  | {
      /** What every name has at this place. */
      readonly text: string
    }
  | {
      /** Whose value a name has at this place. */
      readonly field: EcsField
    }

/** A template that was read: its parts in order. Text and fields alternate. */
export interface NodeNameTemplate {
  /** The template as it was written. */
  readonly template: string
  /** Its parts in order. Text and fields alternate. */
  readonly parts: readonly NodeNamePart[]
}

/** The template that fits most clusters: Alibaba Cloud's controller expects this as provider id. */
export const DEFAULT_NODE_NAME_TEMPLATE = '{region_id}.{instance_id}'

/** Longest name of a node (RFC 1123, as Kubernetes applies it to names of nodes), in characters. */
export const MAX_NODE_NAME_LENGTH = 253

const LABEL = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?'

/**
 * The names of RFC 1123: labels of 1 to 63 lower-case letters, digits and `-`, joined by dots. The source is valid
 * in RE2 too, because the API server tests names with it.
 */
export const NODE_NAME_PATTERN: RegExp = /* @__PURE__ */ new RegExp(`^${LABEL}(?:\\.${LABEL})*$`)

/** Fields whose values can have upper-case letters. A name has them in lower case. */
export const MIXED_CASE_FIELDS: readonly EcsField[] = ['image_id', 'serial_number']

/** Only ASCII, as CEL's `lowerAscii()`: `toLowerCase()` makes a "k" of the Kelvin sign too. */
const lowerAscii = (text: string): string => text.replaceAll(/[A-Z]/g, (it) => it.toLowerCase())

const isField = (name: string): name is EcsField =>
  (ECS_FIELD_NAMES as readonly string[]).includes(name)

const isNodeName = (name: string): boolean =>
  name.length <= MAX_NODE_NAME_LENGTH && NODE_NAME_PATTERN.test(name)

/** Between two fields must be text: without it, two instances could get one name. */
const hasAdjacentFields = (parts: readonly NodeNamePart[]): boolean =>
  parts.some((part, at) => 'field' in part && 'field' in (parts[at + 1] ?? { text: '' }))

/** Puts a value in the place of each field. */
const fill = (parts: readonly NodeNamePart[], valueOf: (field: EcsField) => string): string =>
  parts.map((part) => ('field' in part ? valueOf(part.field) : part.text)).join('')

/** Splits a template at its fields. */
const readParts = (template: string): Result<readonly NodeNamePart[], string> => {
  const parts: NodeNamePart[] = []
  // Every second piece is what stood between braces.
  for (const [at, piece] of template.split(/\{([^{}]*)\}/).entries()) {
    if (at % 2 === 0) {
      if (/[{}]/.test(piece)) {
        return refuse('a brace has no partner; write a field as {instance_id}')
      }
      if (piece !== '') parts.push({ text: piece })
    } else if (isField(piece)) parts.push({ field: piece })
    else return refuse(`{${piece}} is not an attested field; use ${ECS_FIELD_NAMES.join(', ')}`)
  }
  return accept(parts)
}

/**
 * Reads a template for names of nodes.
 * @param template text and fields of the `ecs` claim in braces. `{instance_id}` is required: the cloud gives addresses
 *   and the other fields to another instance later, and the name with them.
 * @returns the template, or a message for people without the name of the setting
 */
export const parseNodeName = (template: string): Result<NodeNameTemplate, string> => {
  const read = readParts(template)
  if (!read.ok) return read
  const parts = read.value
  const has = (field: EcsField): boolean =>
    parts.some((part) => 'field' in part && part.field === field)
  if (!has('instance_id')) {
    return refuse(
      has('private_ipv4')
        ? 'the cloud gives an address to another instance later; add {instance_id}'
        : 'the name must tell instances apart; add {instance_id}',
    )
  }
  if (has('mac')) return refuse('{mac} contains colons, which a node name cannot have; remove it')
  if (hasAdjacentFields(parts)) return refuse('two fields touch; write "." or "-" between them')
  // Each field can be as short as one character.
  if (!isNodeName(fill(parts, () => 'x'))) {
    return refuse(
      'it gives no name of RFC 1123; use lower-case letters, digits, "-" and "." between labels of 63',
    )
  }
  return accept({ template, parts })
}

/**
 * The name of an instance's node. Upper-case letters of a field become lower case. Two instances still have different
 * names, because `instance_id` has lower-case letters only.
 * @param ecs the `ecs` claim of a verified token
 * @returns the name. It is refused with a reason if a value is too long, or has a character that names cannot have
 */
export const nodeName = (
  { template, parts }: NodeNameTemplate,
  ecs: Readonly<Record<EcsField, string>>,
): Result<string, string> => {
  const name = fill(parts, (field) =>
    MIXED_CASE_FIELDS.includes(field) ? lowerAscii(ecs[field]) : ecs[field],
  )
  return isNodeName(name)
    ? accept(name)
    : refuse(`${template} gives "${name}" for this instance, which is not a name of RFC 1123`)
}
