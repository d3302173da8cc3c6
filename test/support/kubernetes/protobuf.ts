// Bodies in protobuf, as kubectl sends reviews and approvals: a prefix, an envelope with the kind, and the object. Only
// the fields that the stand-in API server needs are read (field numbers: `generated.proto` of k8s.io/api).

import { Buffer } from 'node:buffer'
import { ApiError } from './api-error.ts'

/** How a field is read: text, a message, or a list of messages. */
type Field = 'text' | { readonly one: Message } | { readonly many: Message }
/** Names and kinds of the fields of a message, by number. */
type Message = Readonly<Record<number, readonly [name: string, field: Field]>>

const TYPE_META: Message = { 1: ['apiVersion', 'text'], 2: ['kind', 'text'] }
const ENVELOPE: Message = { 1: ['type', { one: TYPE_META }] }
const RAW_FIELD = 2

const METADATA: Message = {
  1: ['name', 'text'],
  2: ['generateName', 'text'],
  3: ['namespace', 'text'],
  5: ['uid', 'text'],
  6: ['resourceVersion', 'text'],
}

const ACCESS_SPEC: Message = {
  1: [
    'resourceAttributes',
    {
      one: {
        1: ['namespace', 'text'],
        2: ['verb', 'text'],
        3: ['group', 'text'],
        4: ['version', 'text'],
        5: ['resource', 'text'],
        6: ['subresource', 'text'],
        7: ['name', 'text'],
      },
    },
  ],
  2: ['nonResourceAttributes', { one: { 1: ['path', 'text'], 2: ['verb', 'text'] } }],
}

const CONDITION: Message = {
  1: ['type', 'text'],
  2: ['reason', 'text'],
  3: ['message', 'text'],
  6: ['status', 'text'],
}

/** The kinds that kubectl sends in protobuf. A request's `spec` is left out: no update changes it. */
const KINDS: Readonly<Record<string, Message>> = {
  SelfSubjectReview: { 1: ['metadata', { one: METADATA }] },
  SelfSubjectAccessReview: {
    1: ['metadata', { one: METADATA }],
    2: ['spec', { one: ACCESS_SPEC }],
  },
  CertificateSigningRequest: {
    1: ['metadata', { one: METADATA }],
    3: ['status', { one: { 1: ['conditions', { many: CONDITION }] } }],
  },
}

const PREFIX = Buffer.from('k8s\0')

const malformed = (): ApiError => new ApiError('BadRequest', 'the body is not protobuf')

/** The fields of a message in order: numbers are skipped, the others have their bytes. */
const fieldsOf = (bytes: Buffer): (readonly [number: number, bytes: Buffer])[] => {
  const fields: (readonly [number, Buffer])[] = []
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined) throw malformed()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    const [number, type] = [Math.floor(tag / 8), tag % 8]
    if (type === 0) varint()
    else if (type === 2) {
      const length = varint()
      fields.push([number, bytes.subarray(at, at + length)])
      at += length
    } else throw malformed()
  }
  return fields
}

const readMessage = (bytes: Buffer, message: Message): Record<string, unknown> => {
  const object: Record<string, unknown> = {}
  for (const [number, value] of fieldsOf(bytes)) {
    const [name, field] = message[number] ?? []
    if (name === undefined || field === undefined) continue
    if (field === 'text') object[name] = value.toString('utf8')
    else if ('one' in field) object[name] = readMessage(value, field.one)
    else object[name] = [...((object[name] ?? []) as unknown[]), readMessage(value, field.many)]
  }
  return object
}

/** Whether a body is one in protobuf. */
export const isProtobuf = (body: Buffer): boolean => body.subarray(0, PREFIX.length).equals(PREFIX)

/** Reads such a body. @throws ApiError for a kind that no test needs */
export const readProtobuf = (body: Buffer): object => {
  const envelope = body.subarray(PREFIX.length)
  const { type } = readMessage(envelope, ENVELOPE) as { type?: { kind: string } }
  const message = KINDS[type?.kind ?? '']
  const raw = fieldsOf(envelope).find(([number]) => number === RAW_FIELD)?.[1]
  if (message === undefined || raw === undefined) {
    throw new ApiError('UnsupportedMediaType', `the stand-in reads no ${type?.kind} in protobuf`)
  }
  return { ...type, ...readMessage(raw, message) }
}
