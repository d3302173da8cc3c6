// Certificates: each field that is read against what @peculiar/x509 reads, and bytes that are not a certificate.

import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/bytes.ts'
import type { InstanceIdentityErrorCode } from '../../../src/base/errors.ts'
import { EMULATOR_EXTENSION, readCertificate } from '../../../src/codec/certificate.ts'
import { derReader, oid } from '../../../src/codec/der.ts'
import {
  type DerNode,
  der,
  encodeDer,
  integer,
  nodeAt,
  nullNode,
  objectIdentifier,
  octets,
  parseDer,
  primitive,
  sequence,
} from '../../support/der-tree.ts'
import { refusedAs } from '../../support/refusals.ts'
import {
  type TestCloudOptions,
  createTestCloud,
  sharedTestCloud,
  sharedTestKeys,
} from '../../support/test-cloud.ts'
import { type KnownRsaBits, knownRsaCryptoKeys } from '../../support/known-rsa-keys.ts'

let good: Uint8Array
beforeAll(async () => {
  good = (await sharedTestCloud()).certificateDer
})

describe('readCertificate()', () => {
  const cases: [string, TestCloudOptions, KnownRsaBits?][] = [
    ['like the real one', {}],
    ['with a key of 3072 bits', {}, 3072],
    ['with a serial number of one byte', { serialNumber: '01' }],
    ['with a serial number of twenty bytes', { serialNumber: '7f'.repeat(20) }],
    ['that ends in 2049, by UTCTime', { notAfter: new Date('2049-12-31T23:59:59Z') }],
    ['that ends in 2050, by GeneralizedTime', { notAfter: new Date('2050-01-01T00:00:00Z') }],
    ['that began in 1950', { notBefore: new Date('1950-01-01T00:00:00Z') }],
    ['that ends in 9999', { notAfter: new Date('9999-12-31T23:59:59Z') }],
  ]
  it.each(cases)(
    'reads what @peculiar/x509 reads of a certificate %s',
    async (_, options, bits) => {
      const keys = await (bits === undefined ? sharedTestKeys() : knownRsaCryptoKeys(bits))
      const { certificateDer } = await createTestCloud({ ...options, keys })
      const theirs = new x509.X509Certificate(Uint8Array.from(certificateDer))
      const ours = readCertificate(derReader(certificateDer))
      expect(toHex(ours.serialNumber).replace(/^00/, '')).toBe(
        theirs.serialNumber.replace(/^00/, ''),
      )
      expect(toHex(ours.issuer)).toBe(toHex(new Uint8Array(theirs.issuerName.toArrayBuffer())))
      expect(ours.notBefore).toBe(theirs.notBefore.getTime() / 1000)
      expect(ours.notAfter).toBe(theirs.notAfter.getTime() / 1000)
      expect(toHex(ours.subjectPublicKeyInfo)).toBe(toHex(new Uint8Array(theirs.publicKey.rawData)))
      expect(ours.emulated).toBe(false)
    },
  )

  it('reads one certificate and leaves what comes after it', () => {
    const reader = derReader(Uint8Array.of(...good, ...good))
    readCertificate(reader)
    expect(reader.offset).toBe(good.length)
    expect(toHex(readCertificate(reader).serialNumber)).toBe('6666d188')
  })
})

// The members of a TBSCertificate as the test cloud makes it.
const SERIAL = 1
const ALGORITHM = 2
const VALIDITY = 4
const KEY = 6
const tbs = (root: DerNode): DerNode => nodeAt(root, 0)
const replace = (parent: DerNode, index: number, ...nodes: DerNode[]): void =>
  void parent.children?.splice(index, 1, ...nodes)
const extension = (dotted: string, ...more: DerNode[]): DerNode =>
  sequence(objectIdentifier(dotted), ...more, octets(encodeDer(nullNode())))
const TRUE = (): DerNode => primitive(0x01, Uint8Array.of(0xff))
const FALSE = (): DerNode => primitive(0x01, Uint8Array.of(0))

/** The good certificate with other extensions; `undefined` for none at all. */
const withExtensions = (extensions: readonly DerNode[] | undefined): Uint8Array => {
  const root = parseDer(good)
  const members = (tbs(root).children ?? []).filter(({ tag }) => tag !== 0xa3)
  const wrapper = extensions === undefined ? [] : [der(0xa3, sequence(...extensions))]
  tbs(root).children = [...members, ...wrapper]
  return encodeDer(root)
}

/** The emulator's extension; its last arc is too long for the numbers of `objectIdentifier()`. */
const emulatorExtension = (...more: DerNode[]): DerNode =>
  sequence(
    primitive(0x06, Buffer.from(oid(EMULATOR_EXTENSION), 'hex')),
    ...more,
    octets(encodeDer(nullNode())),
  )

describe('readCertificate() and the emulator’s mark', () => {
  it.each<[string, () => readonly DerNode[] | undefined, boolean]>([
    ['no extensions', () => undefined, false],
    ['an empty list of extensions', () => [], false],
    ['another extension', () => [extension('2.5.29.14')], false],
    ['another critical extension', () => [extension('2.5.29.14', TRUE())], false],
    ['the mark, critical', () => [emulatorExtension(TRUE())], true],
    ['the mark, not critical', () => [emulatorExtension()], true],
    ['the mark, not critical in so many words', () => [emulatorExtension(FALSE())], true],
    [
      'the mark between others',
      () => [extension('2.5.29.14'), emulatorExtension(TRUE()), extension('2.5.29.15')],
      true,
    ],
  ])('finds in a certificate with %s: %j', (_, extensions, emulated) => {
    expect(readCertificate(derReader(withExtensions(extensions()))).emulated).toBe(emulated)
  })

  it('are read of version 3 alone: version 1 has no extensions', () => {
    const root = parseDer(withExtensions([emulatorExtension(TRUE())]))
    tbs(root).children?.shift()
    const refusal = refusedAs('malformed_der', 'trailing bytes inside or after an element')
    expect(() => readCertificate(derReader(encodeDer(root)))).toThrow(refusal)
    const plain = parseDer(withExtensions(undefined))
    tbs(plain).children?.shift()
    expect(readCertificate(derReader(encodeDer(plain)))).toMatchObject({ emulated: false })
  })
})

describe('readCertificate() refuses a certificate', () => {
  type Row = [
    what: string,
    code: InstanceIdentityErrorCode,
    message: string | undefined,
    change: (root: DerNode) => void,
  ]
  it.each<Row>([
    [
      'of version 2',
      'unsupported_structure',
      'a certificate version not 1 or 3',
      (root) => replace(tbs(root), 0, der(0xa0, integer(1))),
    ],
    [
      'of version 1 in so many words',
      'unsupported_structure',
      'a certificate version not 1 or 3',
      (root) => replace(tbs(root), 0, der(0xa0, integer(0))),
    ],
    [
      'of version 4',
      'unsupported_structure',
      'a certificate version not 1 or 3',
      (root) => replace(tbs(root), 0, der(0xa0, integer(3))),
    ],
    [
      'with two versions',
      'malformed_der',
      'trailing bytes inside or after an element',
      (root) => replace(tbs(root), 0, der(0xa0, integer(2), integer(2))),
    ],
    [
      'with a negative serial number',
      'malformed_der',
      'a negative INTEGER',
      (root) => replace(tbs(root), SERIAL, integer(0xff)),
    ],
    ['without a serial number', 'malformed_der', undefined, (root) => replace(tbs(root), SERIAL)],
    [
      'whose algorithm has two parameters',
      'malformed_der',
      'trailing bytes inside or after an element',
      (root) => {
        nodeAt(tbs(root), ALGORITHM).children?.push(nullNode(), nullNode())
      },
    ],
    [
      'with a third time',
      'malformed_der',
      'trailing bytes inside or after an element',
      (root) => {
        nodeAt(tbs(root), VALIDITY).children?.push(primitive(0x17, Buffer.from('230101000000Z')))
      },
    ],
    [
      'with not a valid time',
      'malformed_der',
      'not a valid time',
      (root) => replace(nodeAt(tbs(root), VALIDITY), 0, primitive(0x17, Buffer.from('x'))),
    ],
    [
      'whose key has a member more',
      'malformed_der',
      'trailing bytes inside or after an element',
      (root) => {
        nodeAt(tbs(root), KEY).children?.push(nullNode())
      },
    ],
    [
      'whose key is not of whole bytes',
      'malformed_der',
      'a BIT STRING that is not of whole bytes',
      (root) => {
        const bits = nodeAt(tbs(root), KEY, 1)
        bits.contents = bits.contents?.with(0, 1) ?? new Uint8Array()
      },
    ],
    [
      'with the unique identifiers of version 2',
      'malformed_der',
      undefined,
      (root) => {
        tbs(root).children?.splice(KEY + 1, 0, primitive(0x81, Uint8Array.of(0, 1)))
      },
    ],
    [
      'with something behind its extensions',
      'malformed_der',
      'trailing bytes inside or after an element',
      (root) => {
        tbs(root).children?.push(nullNode())
      },
    ],
    [
      'without a signature',
      'malformed_der',
      'an element is missing',
      (root) => {
        root.children?.pop()
      },
    ],
    [
      'with something behind its signature',
      'malformed_der',
      'trailing bytes inside or after an element',
      (root) => {
        root.children?.push(nullNode())
      },
    ],
  ])('%s', (_, code, message, change) => {
    const root = parseDer(withExtensions([extension('2.5.29.14')]))
    readCertificate(derReader(encodeDer(root)))
    change(root)
    const changed = derReader(encodeDer(root))
    expect(() => readCertificate(changed)).toThrow(refusedAs(code, message))
  })

  it.each<[string, DerNode]>([
    ['without a value', sequence(objectIdentifier('2.5.29.14'))],
    ['whose value is no OCTET STRING', sequence(objectIdentifier('2.5.29.14'), nullNode())],
    ['that is critical twice', extension('2.5.29.14', TRUE(), TRUE())],
    [
      'that is critical by another value',
      extension('2.5.29.14', primitive(0x01, Uint8Array.of(1))),
    ],
    ['with two values', sequence(extension('2.5.29.14'), octets(new Uint8Array()))],
    ['that is a SET', der(0x31, objectIdentifier('2.5.29.14'))],
  ])('with an extension %s', (_, broken) => {
    const bytes = withExtensions([broken])
    expect(() => readCertificate(derReader(bytes))).toThrow(refusedAs('malformed_der'))
  })

  it('that is cut off anywhere', () => {
    for (let length = 0; length < good.length; length++) {
      const cut = derReader(good.subarray(0, length))
      expect(() => readCertificate(cut), `${length} bytes`).toThrow(refusedAs('malformed_der'))
    }
  })
})
