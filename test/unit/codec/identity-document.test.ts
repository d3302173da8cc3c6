// The identity document: what is read of it, each limit of each field, and what JSON readers would take in
// two ways.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { InstanceIdentityError } from '../../../src/base/errors.ts'
import {
  AUDIENCE_PATTERN,
  MAX_DOCUMENT_BYTES,
  audienceSuffix,
  matchesField,
  readIdentityDocument,
} from '../../../src/codec/identity-document.ts'
import { refusedAs } from '../../support/refusals.ts'
import { DOCUMENT_FIELDS, documentText, withAudience } from '../../support/test-cloud.ts'

const SEED = 20_261_123
const GOOD = documentText()
const read = (text: string) => readIdentityDocument(utf8(text))
const first = (member: string): string => GOOD.replace('{', `{${member},`)
/** The good document with its fields in the other order, so that it is not read in one go. */
const REORDERED = JSON.stringify(Object.fromEntries(Object.entries(DOCUMENT_FIELDS).toReversed()))

describe('readIdentityDocument()', () => {
  const fields = {
    ownerAccountId: DOCUMENT_FIELDS['owner-account-id'],
    instanceId: DOCUMENT_FIELDS['instance-id'],
    regionId: DOCUMENT_FIELDS['region-id'],
    zoneId: DOCUMENT_FIELDS['zone-id'],
    instanceType: DOCUMENT_FIELDS['instance-type'],
    imageId: DOCUMENT_FIELDS['image-id'],
    privateIpv4: DOCUMENT_FIELDS['private-ipv4'],
    mac: DOCUMENT_FIELDS.mac,
    serialNumber: DOCUMENT_FIELDS['serial-number'],
  }

  it.each<[string, string, object]>([
    ['as ECS sends it', GOOD, { unknownFields: [] }],
    [
      'as ECS sends it with an audience',
      withAudience(GOOD, 'nonce'),
      { unknownFields: [], audience: 'nonce' },
    ],
    ['in another order', REORDERED, { unknownFields: [] }],
    [
      'in another order with an audience',
      withAudience(REORDERED, 'nonce'),
      { unknownFields: [], audience: 'nonce' },
    ],
    [
      'with unknown fields at its start and at its end',
      withAudience(first('"a":""').replace('}', ',"b-1":"x:/._-Z"}'), 'n'),
      { unknownFields: ['a', 'b-1'], audience: 'n' },
    ],
    [
      'with a field named as a property',
      first('"constructor":"x"'),
      { unknownFields: ['constructor'] },
    ],
  ])('reads every field of a document %s', (_, text, more) => {
    expect(read(text)).toEqual({ ...fields, ...more })
  })

  it('has no audience, rather than an undefined one, where none was signed', () => {
    expect(read(GOOD)).not.toHaveProperty('audience')
    expect(read(REORDERED)).not.toHaveProperty('audience')
  })

  it.each<[string, string, string]>([
    ['nothing', '', 'expected another field'],
    ['an array', '[]', 'expected another field'],
    ['an empty object', '{}', 'expected a string in the document'],
    ['white space before it', ` ${GOOD}`, 'expected another field'],
    ['white space after a comma', GOOD.replace('","', '", "'), 'expected a string in the document'],
    ['white space after a colon', GOOD.replace('":"', '": "'), 'expected a string in the document'],
    ['white space before a colon', GOOD.replace('":"', '" :"'), 'expected a colon in the document'],
    ['a number for a value', first('"a":1'), 'expected a string in the document'],
    ['a string that does not end', '{"a', 'expected a string in the document'],
    ['a value that does not end', '{"a":"', 'expected a string in the document'],
    ['a trailing comma', GOOD.replace(/}$/, ',}'), 'expected a string in the document'],
    ['a semicolon between fields', GOOD.replace('","', '";"'), 'expected another field'],
    ['no closing brace', GOOD.slice(0, -1), 'expected another field'],
    ['text behind it', `${GOOD} `, 'text after the document'],
    ['a second document behind it', GOOD + GOOD, 'text after the document'],
    ['a missing field', GOOD.replace(/"mac":"[^"]*",/, ''), 'a field is missing'],
    [
      'an audience in place of a field',
      withAudience(GOOD.replace(/"mac":"[^"]*",/, ''), 'n'),
      'a field is missing',
    ],
    ['a known field twice', first('"mac":"00:16:3e:0f:12:ab"'), 'a field that occurs twice'],
    ['an unknown field twice', first('"a":"1","a":"1"'), 'a field that occurs twice'],
    ['an audience that is not last', first('"audience":"n"'), 'a field after the audience'],
    ['two audiences', withAudience(withAudience(GOOD, 'n'), 'n'), 'a field after the audience'],
    [
      'a fifth unknown field',
      first('"a":"","b":"","c":"","d":"","e":""'),
      'too many unknown fields',
    ],
    ['an escape in a name', first('"\\u0061":"1"'), 'an unknown field out of bounds'],
    ['an escape in a value', first('"a":"\\u0061"'), 'an unknown field out of bounds'],
    ['a name of 33 characters', first(`"${'a'.repeat(33)}":""`), 'an unknown field out of bounds'],
    ['an empty name', first('"":""'), 'an unknown field out of bounds'],
    ['a name that begins with a digit', first('"1a":""'), 'an unknown field out of bounds'],
    [
      'a value of 65 characters',
      first(`"a":"${'x'.repeat(65)}"`),
      'an unknown field out of bounds',
    ],
    ['an empty audience', withAudience(GOOD, ''), 'audience does not match its pattern'],
    [
      'an audience of 65',
      withAudience(GOOD, 'a'.repeat(65)),
      'audience does not match its pattern',
    ],
    ['an audience with a dot', withAudience(GOOD, 'a.b'), 'audience does not match its pattern'],
    ['1,025 bytes', GOOD.padEnd(1025), 'the document is too long'],
    ['1,024 bytes', GOOD.padEnd(1024), 'text after the document'],
  ])('refuses %s', (_, text, message) => {
    expect(() => read(text)).toThrow(refusedAs('document_malformed', message))
  })

  it('counts bytes, not characters', () => {
    const text = GOOD + 'é'.repeat((MAX_DOCUMENT_BYTES - GOOD.length) / 2 + 1)
    expect(text.length).toBeLessThan(MAX_DOCUMENT_BYTES)
    expect(() => read(text)).toThrow(refusedAs('document_malformed', 'the document is too long'))
  })

  it('refuses bytes that are not UTF-8', () => {
    const bytes = utf8(GOOD).with(20, 0xff)
    const refusal = refusedAs('document_malformed', 'the document is not UTF-8')
    expect(() => readIdentityDocument(bytes)).toThrow(refusal)
  })

  it.each([
    ['an unknown name of 32 characters', first(`"${'a'.repeat(32)}":""`)],
    ['an unknown value of 64 characters', first(`"a":"${'x'.repeat(64)}"`)],
    ['four unknown fields', first('"a":"","b":"","c":"","d":""')],
    ['an audience of 64 characters', withAudience(GOOD, 'a'.repeat(64))],
  ])('takes %s', (_, text) => {
    expect(read(text)).toMatchObject(fields)
  })
})

/** The longest and the shortest value of each field, and what breaks its pattern. */
const LIMITS: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['zone-id', ['a', 'z'.repeat(40), 'cn-hangzhou-h'], ['', 'z'.repeat(41), 'CN', 'a_b', 'a b']],
  ['serial-number', ['0', 'aZ-9', 's'.repeat(48)], ['', 's'.repeat(49), 'a_b', 'a.b']],
  [
    'instance-id',
    ['i-1', `abcd-${'a'.repeat(40)}`],
    ['i-', '-1', 'i1', 'abcde-1', `i-${'a'.repeat(41)}`, 'i-A', 'I-a', 'i-a-b'],
  ],
  ['region-id', ['a', 'r'.repeat(40)], ['', 'r'.repeat(41), 'cn_hangzhou']],
  [
    'private-ipv4',
    ['0.0.0.0', '10.0.0.1', '255.255.255.255', '199.249.200.99'],
    ['', '1.2.3', '1.2.3.4.5', '256.0.0.1', '1.2.3.260', '01.2.3.4', '1.2.3.4 ', '1.2.3.-4', '::1'],
  ],
  ['owner-account-id', ['0', '9'.repeat(20)], ['', '9'.repeat(21), '1a', '-1', '1.0', '٣']],
  [
    'mac',
    ['00:16:3e:0f:12:ab', 'ff:ff:ff:ff:ff:ff'],
    ['', '00:16:3e:0f:12', '00:16:3e:0f:12:ab:cd', '00:16:3E:0f:12:ab', '00-16-3e-0f-12-ab'],
  ],
  ['image-id', ['m', 'A.b_c-9', 'i'.repeat(96)], ['', 'i'.repeat(97), 'a/b', 'a b', 'a:b']],
  ['instance-type', ['e', 'ecs.g6e-c1.large', 'e'.repeat(48)], ['', 'e'.repeat(49), 'ecs/g6', 'E']],
  ['audience', ['a', '-_9Z', 'a'.repeat(64)], ['', 'a'.repeat(65), 'a.b', 'a=', 'a b', 'a\n']],
]

describe('matchesField()', () => {
  it.each(LIMITS)('knows the limits of %s', (name, good, bad) => {
    for (const value of good) expect([value, matchesField(name, value)]).toEqual([value, true])
    for (const value of bad) expect([value, matchesField(name, value)]).toEqual([value, false])
  })

  it.each(LIMITS.slice(0, 9))(
    'agrees with the reader about %s, in either order',
    (name, good, bad) => {
      const texts = (value: string): string[] => [
        documentText({ [name]: value }),
        JSON.stringify({ ...(JSON.parse(REORDERED) as object), [name]: value }),
      ]
      for (const text of good.flatMap(texts)) expect(read(text)).toHaveProperty('unknownFields', [])
      const refusal = refusedAs('document_malformed', `${name} does not match its pattern`)
      for (const text of bad.flatMap(texts)) expect(() => read(text)).toThrow(refusal)
    },
  )

  it.each(['unknown', '', '__proto__', 'ownerAccountId', 'MAC'])('knows no field %j', (name) => {
    expect(matchesField(name, 'a')).toBe(false)
  })
})

describe('audienceSuffix()', () => {
  it('is the end of what ECS signs, for every audience that a document can carry', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), (audience) => {
        expect(audience).toMatch(AUDIENCE_PATTERN)
        const signed = GOOD.slice(0, -1) + audienceSuffix(audience)
        expect(signed).toBe(withAudience(GOOD, audience))
        expect(read(signed)).toMatchObject({ audience })
      }),
    )
  })
})

describe('readIdentityDocument() of documents that are nearly good', () => {
  /** Documents that are nearly good: fields of ECS in any order, some changed, some added. */
  const value = fc.oneof(
    fc.constantFrom(...Object.values(DOCUMENT_FIELDS)),
    fc.string({ maxLength: 8 }),
    fc.constantFrom('x","mac":"y', '\\u0041', ''),
  )
  const nearDocument = fc
    .record({
      order: fc.shuffledSubarray(Object.keys(DOCUMENT_FIELDS), { minLength: 8 }),
      changes: fc.dictionary(
        fc.constantFrom(...Object.keys(DOCUMENT_FIELDS), 'x', 'audience'),
        value,
        {
          maxKeys: 1,
        },
      ),
      audience: fc.option(fc.constantFrom('nonce', 'a b', '')),
      escaped: fc.boolean(),
    })
    .map(({ order, changes, audience, escaped }) => {
      const fields: Record<string, string> = {}
      for (const name of order) fields[name] = DOCUMENT_FIELDS[name as keyof typeof DOCUMENT_FIELDS]
      Object.assign(fields, changes)
      const members = Object.entries(fields).map(
        ([name, text]) => `"${name}":${escaped ? JSON.stringify(text) : `"${text}"`}`,
      )
      if (audience !== null) members.push(`"audience":"${audience}"`)
      return `{${members.join(',')}}`
    })

  it('agrees with JSON.parse on all that it accepts', () => {
    let accepted = 0
    fc.assert(
      fc.property(nearDocument, (text) => {
        let document
        try {
          document = readIdentityDocument(utf8(text))
        } catch (error) {
          expect(error).toBeInstanceOf(InstanceIdentityError)
          return
        }
        accepted++
        const json = JSON.parse(text) as Record<string, string>
        expect(document).toMatchObject({
          ownerAccountId: json['owner-account-id'],
          instanceId: json['instance-id'],
          regionId: json['region-id'],
          zoneId: json['zone-id'],
          instanceType: json['instance-type'],
          imageId: json['image-id'],
          privateIpv4: json['private-ipv4'],
          mac: json['mac'],
          serialNumber: json['serial-number'],
        })
        expect(document.audience).toBe(json['audience'])
        const known = 9 + (document.audience === undefined ? 0 : 1)
        expect(Object.keys(json)).toHaveLength(known + document.unknownFields.length)
      }),
      { seed: SEED, numRuns: 5000 },
    )
    expect(accepted).toBeGreaterThan(100)
  })
})
