// What an inspection shows of a message, whole or broken, and where it is broken.

import { beforeAll, describe, expect, it } from 'vitest'
import { readSignedData } from '../../../../src/codec/signed-data.ts'
import { type DerNode, readDerTree } from '../../../../src/cli/inspect/der-tree.ts'
import { type Inspection, inspectMessage } from '../../../../src/cli/inspect/inspection.ts'
import {
  type TestCloud,
  sharedTestCloud,
  documentText,
  withAudience,
} from '../../../support/test-cloud.ts'

const CONTENT = withAudience(documentText(), 'a-nonce')
const SHAPES: Readonly<Record<string, Parameters<TestCloud['sign']>[1]>> = {
  'as ECS sends it': {},
  'with a certificate and signed attributes': { certificate: true, signedAttributes: true },
  'without its content': { detached: true },
}

const messages = new Map<string, Uint8Array<ArrayBuffer>>()
beforeAll(async () => {
  const cloud = await sharedTestCloud()
  for (const [name, shape] of Object.entries(SHAPES)) {
    messages.set(name, Uint8Array.from(cloud.sign(CONTENT, shape)))
  }
})
const message = (name = 'as ECS sends it') => messages.get(name) as Uint8Array<ArrayBuffer>
const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values)
const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64')

/** What a byte is changed to. */
const valuesFor = (old: number): number[] =>
  [old + 1, old ^ 0x20, old ^ 0x80, 0x00].map((value) => value & 0xff)

/** A copy with one byte changed. */
const changed = (der: Uint8Array, at: number, value: number): Uint8Array<ArrayBuffer> => {
  const copy = Uint8Array.from(der)
  copy[at] = value
  return copy
}

/**
 * Where the innermost element ends that a byte belongs to. A length decides where the next element
 * begins, so for a byte of a length it is the end of the enclosing element.
 */
const elementEnd = (nodes: readonly DerNode[], at: number, enclosing: number): number => {
  const node = nodes.find(({ offset, end }) => offset <= at && at < end)
  if (node === undefined) return enclosing
  const { offset, end, contents, children } = node
  const isLength = offset < at && at < end - contents.length
  return isLength ? enclosing : elementEnd(children, at, end)
}

/** Whether a person can use a refusal: a reason, and a place inside the message. */
const isClear = ({ refusal, bytes: length }: Inspection): boolean => {
  if (refusal === undefined) return false
  const { code, detail, offset = -1, place, around } = refusal
  const isInside = offset >= 0 && (code === 'malformed_encoding' || offset < length)
  const isPlace = /^(?:byte \d+|line \d+, column \d+)$/.test(place)
  return isInside && isPlace && detail.length > 5 && around !== ''
}

describe('inspectMessage()', () => {
  it.each(Object.keys(SHAPES))('accepts a message %s', (name) => {
    const inspection = inspectMessage(message(name))
    expect(inspection).toMatchObject({ form: 'DER', missingBytes: 0, refusal: undefined })
    expect(inspection.message?.signers).toHaveLength(1)
  })

  it.each([
    ['no length', bytes(0x30), 0, 'truncated before a length'],
    ['half a length', bytes(0x30, 0x82, 1), 1, 'truncated inside a length'],
    ['a huge length', bytes(0x30, 0x84, 1, 1, 1, 1), 1, 'length of more than three bytes'],
    ['a long form for a short length', bytes(0x30, 0x81, 1, 0), 1, 'length not in its shortest'],
    ['too little', bytes(0x30, 5, 1), 1, 'length beyond the end'],
    ['too little inside', bytes(0x30, 3, 0x06, 5, 1), 3, 'length beyond the end'],
    ['too much', bytes(0x30, 0, 0x05, 0), 2, 'trailing bytes'],
    ['an indefinite length', bytes(0x30, 0x80, 5, 0, 0, 0), 1, 'indefinite length'],
    ['a long tag', bytes(0x3f, 1, 0), 0, 'not the expected tag'],
  ])('says where it finds %s', (_, der, offset, detail) => {
    const { refusal } = inspectMessage(der)
    expect(refusal).toMatchObject({ code: 'malformed_der', offset, place: `byte ${offset}` })
    expect(refusal?.detail).toContain(detail)
  })

  it('shows the bytes around the refused one', () => {
    const der = changed(message(), 30, 0x05)
    const hex = Buffer.from(der).toString('hex')
    const around = `${hex.slice(44, 60)} [05] ${hex.slice(62, 76)}`
    expect(inspectMessage(der).refusal).toMatchObject({ offset: 30, around })
    expect(inspectMessage(bytes(0x31, 1)).refusal?.around).toBe('[31] 01')
  })

  it('shows the text of a document that is refused, and its place in the message', () => {
    const der = message()
    const at = Buffer.from(der).indexOf('"instance-id":"i-')
    const { refusal } = inspectMessage(changed(der, at + 15, 0x2a))
    expect(refusal).toMatchObject({ code: 'document_malformed', offset: at })
    expect(refusal?.around).toMatch(/^"instance-id":"\*-/)
  })

  it('describes what stands before the cut of a message', () => {
    const der = message()
    const { missingBytes, message: described, refusal } = inspectMessage(der.subarray(0, 420))
    expect(missingBytes).toBe(der.length - 420)
    expect(refusal).toMatchObject({ code: 'malformed_der', offset: 1 })
    expect(described?.fields['instance-id']).toMatch(/^i-/)
    expect(described?.signers).toMatchObject([{ version: '1', signature_bytes: undefined }])
  })

  it.each([
    ['a space, perhaps a +', 40, ' ', /^" ", perhaps a \+/],
    ['another character', 40, '-', /^"-"$/],
    ['padding in the middle', 40, '=', /^"="$/],
  ])('says which character of a text is %s, and reads what stands before', (_, at, bad, around) => {
    const text = base64(message())
    const inspection = inspectMessage(`${text.slice(0, at)}${bad}${text.slice(at + 1)}`)
    expect(inspection.refusal).toMatchObject({
      code: 'malformed_encoding',
      offset: at,
      place: 'line 1, column 41',
    })
    expect(inspection.refusal?.around).toMatch(around)
    expect(inspection.bytes).toBe(30)
    expect(inspection.missingBytes).toBe(message().length - 30)
  })

  it('counts lines and columns of PEM', () => {
    const lines = base64(message()).match(/.{1,64}/g) ?? []
    const pem = ['-----BEGIN PKCS7-----', ...lines, '-----END PKCS7-----', ''].join('\n')
    expect(inspectMessage(pem)).toMatchObject({ form: 'PEM (PKCS7)', refusal: undefined })
    const broken = inspectMessage(pem.replace(lines[1] ?? '', `${lines[1]?.slice(0, 9)} A`))
    expect(broken.refusal?.place).toBe('line 3, column 10')
    expect(broken.bytes).toBe(54)
  })

  it.each([1, 2, 3, 4, 5, 80, 400, 1000])(
    'reads %i characters of a text that was cut off',
    (end) => {
      const inspection = inspectMessage(base64(message()).slice(0, end))
      expect(isClear(inspection)).toBe(true)
      expect(inspection.bytes).toBe(Math.floor((end % 4 === 0 ? end : end - 1) / 4) * 3)
    },
  )
})

describe.each(Object.keys(SHAPES))('a message %s', (name) => {
  it('is refused at a byte that is left, wherever it is cut off', () => {
    const der = message(name)
    const cuts = Array.from({ length: der.length - 1 }, (_, at) => at + 1)
    expect(cuts.filter((cut) => !isClear(inspectMessage(der.subarray(0, cut))))).toEqual([])
  })

  it('is refused at or before the end of the element of which one byte is changed', () => {
    const der = message(name)
    const nodes = readDerTree(der)
    const unclear: string[] = []
    let refused = 0
    for (const [at, old] of der.entries()) {
      for (const value of valuesFor(old)) {
        const inspection = inspectMessage(changed(der, at, value))
        const { refusal } = inspection
        if (refusal === undefined) continue
        refused++
        const isInTime = (refusal.offset ?? 0) <= elementEnd(nodes, at, der.length)
        if (!isClear(inspection) || !isInTime) {
          unclear.push(`byte ${at} as ${value}: ${refusal.place}, ${refusal.detail}`)
        }
      }
    }
    expect(unclear).toEqual([])
    expect(refused).toBeGreaterThan(der.length)
  })
})

describe('readDerTree()', () => {
  it('reads the same bytes as verification', () => {
    const der = message('with a certificate and signed attributes')
    const { signer } = readSignedData(der)
    const last = (nodes: readonly DerNode[]): DerNode[] =>
      nodes.flatMap((node) => (node.children.length > 0 ? last(node.children) : [node]))
    expect(last(readDerTree(der)).at(-1)?.contents).toEqual(signer.signature)
  })

  it('ends on any bytes, however deep', () => {
    const deep = Uint8Array.from({ length: 4000 }, (_, at) => (at % 2 === 0 ? 0x30 : 0x7e))
    expect(readDerTree(deep)).toHaveLength(1)
    expect(readDerTree(bytes())).toEqual([])
  })
})
