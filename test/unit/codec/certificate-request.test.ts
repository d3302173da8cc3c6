// Certification requests: what is read against what @peculiar/x509 reads, and bytes that are no request.

import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/bytes.ts'
import type { InstanceIdentityErrorCode } from '../../../src/base/errors.ts'
import {
  EXTENSION_REQUEST,
  readCertificateRequest,
} from '../../../src/codec/certificate-request.ts'
import { oid } from '../../../src/codec/der.ts'
import {
  type RequestParts,
  attribute,
  dnsName,
  extension,
  extensionRequest,
  nodeSubject,
  requestDer,
  subjectAltName,
} from '../../support/certificate-requests.ts'
import {
  type DerNode,
  encodeDer,
  integer,
  nodeAt,
  nullNode,
  parseDer,
  primitive,
  sequence,
  setOf,
} from '../../support/der-tree.ts'
import { refusedAs } from '../../support/refusals.ts'

const SUBJECT = nodeSubject('cn-hangzhou.i-1')
const PARTS: RequestParts = { subject: SUBJECT, names: [dnsName('cn-hangzhou.i-1')] }

let good: Uint8Array
beforeAll(async () => {
  good = await requestDer(PARTS)
})

describe('readCertificateRequest()', () => {
  const cases: [string, RequestParts][] = [
    ['of a kubelet', PARTS],
    ['without an attribute', { subject: SUBJECT }],
    ['with a key on P-384', { ...PARTS, key: 'P-384', hash: 'SHA-384' }],
    ['with a key of RSA', { ...PARTS, key: 'RSA-2048', hash: 'SHA-512' }],
    ['with an empty subject', { subject: [] }],
    ['with two attributes in one part of its subject', { subject: [SUBJECT.flat()] }],
    [
      'with a challenge password',
      {
        ...PARTS,
        attributes: [attribute('1.2.840.113549.1.9.7', primitive(0x0c, Uint8Array.of(97)))],
      },
    ],
  ]
  it.each(cases)('reads what @peculiar/x509 reads of a request %s', async (_, parts) => {
    const der = await requestDer(parts)
    const theirs = new x509.Pkcs10CertificateRequest(Uint8Array.from(der))
    const ours = readCertificateRequest(der)
    expect(toHex(ours.subjectPublicKeyInfo)).toBe(toHex(new Uint8Array(theirs.publicKey.rawData)))
    expect(ours.attributes).toEqual(theirs.attributes.map(({ type }) => oid(type)))
    expect(ours.extensions.map(({ type, value }) => [type, toHex(value)])).toEqual(
      theirs.extensions.map(({ type, value }) => [oid(type), toHex(new Uint8Array(value))]),
    )
    expect(toHex(ours.signature)).toBe(toHex(new Uint8Array(theirs.signature)))
    const text = (it: (typeof ours.subject)[number]): object =>
      Object.fromEntries(it.map(({ type, contents }) => [type, Buffer.from(contents).toString()]))
    const their = theirs.subjectName
      .toJSON()
      .map((rdn) =>
        Object.fromEntries(
          Object.entries(rdn).map(([name, values]) => [
            oid(name === 'CN' ? '2.5.4.3' : '2.5.4.10'),
            values[0],
          ]),
        ),
      )
    expect(ours.subject.map(text)).toEqual(their)
    expect(await theirs.verify()).toBe(true)
  })

  it('gives the string type of each part of the subject', async () => {
    const subject: RequestParts['subject'] = [[['O', 'a', 'printable']], [['CN', 'b', 'bmp']]]
    const read = readCertificateRequest(await requestDer({ subject }))
    expect(read.subject.flat().map(({ tag }) => tag)).toEqual([0x13, 0x1e])
  })

  it('gives the extensions of all extensionRequests, so that a caller sees that there are two', async () => {
    const attributes = [
      extensionRequest(subjectAltName(dnsName('a'))),
      extensionRequest(subjectAltName(dnsName('b')), extension('1.2.3', nullNode())),
    ]
    const read = readCertificateRequest(await requestDer({ subject: SUBJECT, attributes }))
    expect(read.attributes).toEqual([EXTENSION_REQUEST, EXTENSION_REQUEST])
    expect(read.extensions).toHaveLength(3)
  })

  const child = (root: DerNode, ...path: number[]): DerNode => nodeAt(root, ...path)
  const replace = (parent: DerNode, index: number, ...nodes: DerNode[]): void =>
    void parent.children?.splice(index, 1, ...nodes)
  const changes: [string, InstanceIdentityErrorCode, (root: DerNode) => void][] = [
    ['of version 2', 'unsupported_structure', (root) => replace(child(root, 0), 0, integer(1))],
    ['without a signature', 'malformed_der', (root) => root.children?.pop()],
    ['with a part after the signature', 'malformed_der', (root) => root.children?.push(nullNode())],
    ['without attributes', 'malformed_der', (root) => child(root, 0).children?.pop()],
    [
      'with a part after the attributes',
      'malformed_der',
      (root) => child(root, 0).children?.push(nullNode()),
    ],
    [
      'with an empty part of the subject',
      'malformed_der',
      (root) => child(root, 0, 1).children?.push(setOf()),
    ],
    [
      'with a subject without a value',
      'malformed_der',
      (root) => child(root, 0, 1, 0, 0).children?.pop(),
    ],
    [
      'with a subject with two values',
      'malformed_der',
      (root) => child(root, 0, 1, 0, 0).children?.push(nullNode()),
    ],
    [
      'with an extension that is FALSE for critical',
      'malformed_der',
      (root) => replace(child(root, 0, 3, 0, 1, 0), 0, extension('2.5.29.17', sequence(), 0)),
    ],
    [
      'with two values of extensionRequest',
      'malformed_der',
      (root) => child(root, 0, 3, 0, 1).children?.push(sequence()),
    ],
    [
      'with parameters of ECDSA',
      'unsupported_algorithm',
      (root) => child(root, 1).children?.push(sequence()),
    ],
    [
      'with a signature that is not of whole bytes',
      'malformed_der',
      (root) => void (child(root, 2).contents = Uint8Array.of(1, 2)),
    ],
  ]
  it.each(changes)('refuses a request %s', (_, code, change) => {
    const root = parseDer(good)
    change(root)
    expect(() => readCertificateRequest(encodeDer(root))).toThrow(refusedAs(code))
  })

  it('refuses bytes after the request, and every cut of it', () => {
    expect(() => readCertificateRequest(Uint8Array.of(...good, 0))).toThrow(
      refusedAs('malformed_der'),
    )
    for (let end = 0; end < good.length; end++) {
      expect(() => readCertificateRequest(good.subarray(0, end))).toThrow(
        refusedAs('malformed_der'),
      )
    }
  })
})
