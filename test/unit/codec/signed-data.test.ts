// SignedData: the shapes that are read, and one change after the other of the shape of ECS.

import { beforeAll, describe, expect, it } from 'vitest'
import { oid } from '../../../src/codec/der.ts'
import { ID_DATA, readSignedData } from '../../../src/codec/signed-data.ts'
import type { InstanceIdentityErrorCode } from '../../../src/base/errors.ts'
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
  OID,
  type SignOptions,
  type TestCloud,
  algorithm,
  digestAlgorithm,
  documentText,
  sharedTestCloud,
} from '../../support/test-cloud.ts'

const CONTENT = documentText()
const RSA = '1.2.840.113549.1.1.1'
const SHA1 = '1.3.14.3.2.26'

let cloud: TestCloud
beforeAll(async () => {
  cloud = await sharedTestCloud()
})

const signedData = (root: DerNode): DerNode => nodeAt(root, 1, 0)
const signerInfo = (root: DerNode): DerNode => nodeAt(signedData(root), -1, 0)
const replace = (parent: DerNode, index: number, ...nodes: DerNode[]): void => {
  parent.children?.splice(index < 0 ? parent.children.length + index : index, 1, ...nodes)
}

describe('readSignedData()', () => {
  it('reads every field of the shape of ECS', () => {
    const tbs = nodeAt(parseDer(cloud.certificateDer), 0)
    const message = readSignedData(cloud.sign(CONTENT))
    expect(Buffer.from(message.content ?? []).toString()).toBe(CONTENT)
    const { signer } = message
    expect([message.digestAlgorithm, signer.digestAlgorithm]).toEqual([oid(SHA1), oid(SHA1)])
    expect(signer.signatureAlgorithm).toBe(oid(RSA))
    expect(signer.signedAttributes).toBeUndefined()
    expect([...signer.issuer]).toEqual([...encodeDer(nodeAt(tbs, 3))])
    expect([...signer.serialNumber]).toEqual([...(nodeAt(tbs, 1).contents ?? [])])
    expect([...signer.signature]).toEqual([...cloud.rawSign(new TextEncoder().encode(CONTENT))])
  })

  it('copies nothing: the content is a view of the message', () => {
    const der = cloud.sign(CONTENT)
    expect(readSignedData(der).content?.buffer).toBe(der.buffer)
  })

  it.each<[string, SignOptions, object]>([
    ['detached content', { detached: true }, { content: undefined }],
    ['a certificate', { certificate: true }, { content: expect.any(Uint8Array) }],
    [
      'signed attributes',
      { signedAttributes: true },
      { signer: { signedAttributes: { contentType: ID_DATA } } },
    ],
    [
      'another hash',
      { hash: 'sha512' },
      { digestAlgorithm: oid('2.16.840.1.101.3.4.2.3'), signer: { signatureAlgorithm: oid(RSA) } },
    ],
  ])('reads a message with %s', (_, options, expected) => {
    expect(readSignedData(cloud.sign(CONTENT, options))).toMatchObject(expected)
  })

  it('reads an empty content, which is not a detached one', () => {
    expect(readSignedData(cloud.sign(''))).toMatchObject({ content: new Uint8Array() })
  })
})

type Row = [
  what: string,
  code: InstanceIdentityErrorCode,
  message: string | undefined,
  change: (root: DerNode) => void,
  options?: SignOptions,
]

describe('readSignedData() refuses a message', () => {
  it.each<Row>([
    [
      'of another content type',
      'unsupported_structure',
      'a message that is not SignedData',
      (root) => replace(root, 0, objectIdentifier(OID.envelopedData)),
    ],
    [
      'of version 3',
      'unsupported_structure',
      'a SignedData version other than 1',
      (root) => replace(signedData(root), 0, integer(3)),
    ],
    [
      'of version 0',
      'unsupported_structure',
      'a SignedData version other than 1',
      (root) => replace(signedData(root), 0, integer(0)),
    ],
    [
      'of a version of two bytes',
      'unsupported_structure',
      'a version out of range',
      (root) => replace(signedData(root), 0, integer(1, 0)),
    ],
    [
      'without a digest algorithm',
      'unsupported_structure',
      'no digest algorithm',
      (root) => {
        nodeAt(signedData(root), 1).children = []
      },
    ],
    [
      'with two digest algorithms',
      'unsupported_structure',
      'more than one digest algorithm',
      (root) => {
        nodeAt(signedData(root), 1).children?.push(digestAlgorithm('sha256'))
      },
    ],
    [
      'whose content is not data',
      'unsupported_structure',
      'a content type other than id-data',
      (root) => replace(nodeAt(signedData(root), 2), 0, objectIdentifier(OID.signedData)),
    ],
    [
      'whose content is not an OCTET STRING',
      'malformed_der',
      undefined,
      (root) => replace(nodeAt(signedData(root), 2, 1), 0, sequence()),
    ],
    [
      'with two contents',
      'malformed_der',
      undefined,
      (root) => {
        nodeAt(signedData(root), 2, 1).children?.push(octets(new Uint8Array(1)))
      },
    ],
    [
      'with a certificate of another kind',
      'unsupported_structure',
      'a certificate that is not X.509',
      (root) => {
        nodeAt(signedData(root), 3).children?.push(der(0xa1, integer(1)))
      },
      { certificate: true },
    ],
    [
      'with a broken certificate',
      'malformed_der',
      undefined,
      (root) => {
        nodeAt(signedData(root), 3).children?.push(sequence(integer(1)))
      },
      { certificate: true },
    ],
    [
      'with revocation lists',
      'unsupported_structure',
      'revocation lists',
      (root) => {
        signedData(root).children?.splice(3, 0, der(0xa1))
      },
    ],
    [
      'without a signer',
      'unsupported_structure',
      'no signer',
      (root) => {
        nodeAt(signedData(root), -1).children = []
      },
    ],
    [
      'with two signers',
      'unsupported_structure',
      'more than one signer',
      (root) => {
        nodeAt(signedData(root), -1).children?.push(signerInfo(cloud.tree(CONTENT)))
      },
    ],
    [
      'whose signer has version 3',
      'unsupported_structure',
      'a SignerInfo version other than 1',
      (root) => replace(signerInfo(root), 0, integer(3)),
    ],
    [
      'whose signer is named by a key identifier',
      'unsupported_structure',
      'a signer not named by issuer and serial',
      (root) => replace(signerInfo(root), 1, primitive(0x80, Uint8Array.of(1))),
    ],
    [
      'whose signer has a negative serial number',
      'malformed_der',
      'a negative INTEGER',
      (root) => replace(nodeAt(signerInfo(root), 1), 1, integer(0x80)),
    ],
    [
      'whose signer has a malformed name',
      'malformed_der',
      undefined,
      (root) => replace(nodeAt(signerInfo(root), 1), 0, nullNode()),
    ],
    [
      'whose digest has parameters',
      'unsupported_algorithm',
      'algorithm parameters other than NULL or none',
      (root) => replace(signerInfo(root), 2, algorithm(SHA1, sequence())),
    ],
    [
      'whose signature has parameters',
      'unsupported_algorithm',
      'algorithm parameters other than NULL or none',
      (root) => replace(signerInfo(root), -2, algorithm(RSA, octets(new Uint8Array(1)))),
    ],
    [
      'whose signed attributes are empty',
      'signed_attributes_invalid',
      'no contentType among the signed attributes',
      (root) => {
        signerInfo(root).children?.splice(3, 0, der(0xa0))
      },
    ],
    [
      'with unsigned attributes',
      'unsupported_structure',
      'unsigned attributes',
      (root) => {
        signerInfo(root).children?.push(der(0xa1))
      },
    ],
    [
      'whose signature is a BIT STRING',
      'malformed_der',
      undefined,
      (root) => replace(signerInfo(root), -1, primitive(0x03, new Uint8Array(257))),
    ],
    [
      'with a member behind the signers',
      'malformed_der',
      'trailing bytes inside or after an element',
      (root) => {
        signedData(root).children?.push(nullNode())
      },
    ],
  ])('%s', (_, code, message, change, options) => {
    const root = cloud.tree(CONTENT, options)
    readSignedData(encodeDer(root))
    change(root)
    const changed = encodeDer(root)
    expect(() => readSignedData(changed)).toThrow(refusedAs(code, message))
  })

  it('that is cut off anywhere, or goes on', () => {
    const message = cloud.sign(CONTENT)
    for (let length = 0; length < message.length; length++) {
      const cut = message.subarray(0, length)
      expect(() => readSignedData(cut), `${length} bytes`).toThrow(refusedAs('malformed_der'))
    }
    const longer = Uint8Array.of(...message, 0)
    expect(() => readSignedData(longer)).toThrow(refusedAs('malformed_der'))
  })
})
