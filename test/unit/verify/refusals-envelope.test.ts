// What a verifier must refuse in signature and envelope. Each case starts from evidence that is
// accepted and changes one thing.

import { beforeAll, describe, expect, it } from 'vitest'
import { type InstanceIdentityErrorCode, parseTrustAnchors } from '../../../src/index.ts'
import { verifyInstanceIdentity } from '../../support/every-crypto.ts'
import type { TrustAnchor } from '../../../src/index.ts'
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
  setOf,
} from '../../support/der-tree.ts'
import {
  OID,
  type SignOptions,
  type TestCloud,
  algorithm,
  attribute,
  createTestCloud,
  digestAlgorithm,
  documentText,
  sharedTestCloud,
  sharedTestKeys,
  standardAttributes,
  withAudience,
} from '../../support/test-cloud.ts'

const AUDIENCE = 'a-nonce-of-ours'
const DOCUMENT = documentText()
const CONTENT = withAudience(DOCUMENT, AUDIENCE)
const BYTES = new TextEncoder().encode(CONTENT)

let cloud: TestCloud
let lookAlike: TestCloud
let trustAnchors: TrustAnchor[]

beforeAll(async () => {
  cloud = await sharedTestCloud()
  lookAlike = await createTestCloud()
  trustAnchors = await parseTrustAnchors(cloud.certificatePem)
})

const verify = (pkcs7: string | Uint8Array, options = {}): Promise<unknown> =>
  verifyInstanceIdentity(
    { pkcs7, document: DOCUMENT },
    { audience: AUDIENCE, trustAnchors, ...options },
  )

const refuses = (pkcs7: string | Uint8Array, code: InstanceIdentityErrorCode, options = {}) =>
  expect(verify(pkcs7, options)).rejects.toMatchObject({ name: 'InstanceIdentityError', code })

// Where things stand in the tree.
const signedData = (root: DerNode): DerNode => nodeAt(root, 1, 0)
const signerInfos = (root: DerNode): DerNode => nodeAt(signedData(root), -1)
const signerInfo = (root: DerNode): DerNode => nodeAt(signerInfos(root), 0)
const replace = (parent: DerNode, index: number, node: DerNode): void => {
  parent.children?.splice(index < 0 ? parent.children.length + index : index, 1, node)
}

/** Refused with `code` once `change` was made to evidence that is accepted as it is. */
const refusesChange = async (
  code: InstanceIdentityErrorCode,
  change: (root: DerNode) => void,
  signOptions?: SignOptions,
): Promise<void> => {
  const root = cloud.tree(CONTENT, signOptions)
  await verify(encodeDer(root))
  change(root)
  await refuses(encodeDer(root), code)
}

/** Refused with `code` if these attributes are signed in place of the right ones. */
const refusesAttributes = async (
  code: InstanceIdentityErrorCode,
  attributes: readonly DerNode[],
): Promise<void> => {
  await verify(cloud.sign(CONTENT, { signedAttributes: true }))
  await refuses(cloud.sign(CONTENT, { signedAttributes: attributes }), code)
}

const sorted = (attributes: DerNode[]): DerNode[] =>
  attributes.toSorted((a, b) => Buffer.compare(encodeDer(a), encodeDer(b)))

describe('verifyInstanceIdentity() refuses a signature', () => {
  it('that was made over another content, under the right certificate', () =>
    refusesChange('signature_invalid', (root) =>
      replace(signerInfo(root), -1, octets(cloud.rawSign(new TextEncoder().encode('{}')))),
    ))

  it('over document A beside a plain document B', async () => {
    const pkcs7 = cloud.sign(CONTENT)
    const document = documentText({ 'instance-id': 'i-victim' })
    await expect(
      verifyInstanceIdentity({ pkcs7, document }, { audience: AUDIENCE, trustAnchors }),
    ).rejects.toMatchObject({ code: 'document_mismatch' })
  })

  it('of an attacker, with the genuine certificate first in the bag', async () => {
    await verify(cloud.sign(CONTENT, { certificate: true }))
    const forged = lookAlike.tree(CONTENT, { certificate: true })
    nodeAt(signedData(forged), 3).children?.unshift(parseDer(cloud.certificateDer))
    await refuses(encodeDer(forged), 'signature_invalid')
  })

  it('of an attacker, whose own certificate is in the message', () =>
    refuses(lookAlike.sign(CONTENT, { certificate: true }), 'signature_invalid'))

  it('of a look-alike: same name, same serial number, another key', () =>
    refuses(lookAlike.sign(CONTENT), 'signature_invalid'))

  it('of a certificate with another serial number', async () => {
    const other = await createTestCloud({ keys: await sharedTestKeys(), serialNumber: '11223344' })
    await refuses(other.sign(CONTENT), 'unknown_signer')
  })

  it('of a certificate with another name', () =>
    refusesChange('unknown_signer', (root) => {
      const value = nodeAt(signerInfo(root), 1, 0, 5, 0, 1)
      value.contents = new TextEncoder().encode('Familiar')
    }))

  it('without a SignerInfo', () =>
    refusesChange('unsupported_structure', (root) => {
      signerInfos(root).children = []
    }))

  it('with two SignerInfos, the good one first', () =>
    refusesChange('unsupported_structure', (root) => {
      signerInfos(root).children?.push(signerInfo(lookAlike.tree(CONTENT)))
    }))

  it('with two SignerInfos, the bad one first', () =>
    refusesChange('unsupported_structure', (root) => {
      signerInfos(root).children?.unshift(signerInfo(lookAlike.tree(CONTENT)))
    }))

  it('by subject key identifier', () =>
    refusesChange('unsupported_structure', (root) =>
      replace(signerInfo(root), 1, primitive(0x80, Uint8Array.of(1, 2, 3, 4))),
    ))

  it('by subject key identifier, with version 3', () =>
    refusesChange('unsupported_structure', (root) => {
      replace(signerInfo(root), 0, integer(3))
      replace(signerInfo(root), 1, primitive(0x80, Uint8Array.of(1, 2, 3, 4)))
    }))

  it('with a serial number that is negative', () =>
    refusesChange('malformed_der', (root) =>
      replace(nodeAt(signerInfo(root), 1), 1, integer(0xe6, 0x66, 0xd1, 0x88)),
    ))

  it('with a serial number that is not minimal', () =>
    refusesChange('malformed_der', (root) =>
      replace(nodeAt(signerInfo(root), 1), 1, integer(0, 0x66, 0x66, 0xd1, 0x88)),
    ))
})

describe('verifyInstanceIdentity() refuses signed attributes', () => {
  const [contentType, messageDigest] = standardAttributes(BYTES, 'sha1') as [DerNode, DerNode]
  const wrongDigest = attribute(OID.messageDigest, octets(new Uint8Array(20)))
  const data = (): DerNode => objectIdentifier(OID.data)
  const digest = (): DerNode => nodeAt(messageDigest, 1, 0)
  const code = 'signed_attributes_invalid'

  it('whose messageDigest is wrong', () => refusesAttributes(code, [contentType, wrongDigest]))
  it('whose contentType is wrong', () =>
    refusesAttributes(code, [
      attribute(OID.contentType, objectIdentifier(OID.signedData)),
      messageDigest,
    ]))
  it('without messageDigest', () => refusesAttributes(code, [contentType]))
  it('without contentType', () => refusesAttributes(code, [messageDigest]))
  it('with messageDigest twice', () =>
    refusesAttributes(code, sorted([contentType, messageDigest, wrongDigest])))
  it('with contentType twice', () =>
    refusesAttributes(
      code,
      sorted([
        contentType,
        messageDigest,
        attribute(OID.contentType, objectIdentifier(OID.signedData)),
      ]),
    ))
  it('whose messageDigest has two values', () =>
    refusesAttributes(
      code,
      sorted([contentType, attribute(OID.messageDigest, digest(), octets(new Uint8Array(20)))]),
    ))
  it('whose contentType has two values', () =>
    refusesAttributes(
      code,
      sorted([attribute(OID.contentType, data(), objectIdentifier(OID.signedData)), messageDigest]),
    ))
  it('whose messageDigest has no value', () =>
    refusesAttributes(code, sorted([contentType, attribute(OID.messageDigest)])))
  it('whose messageDigest is of another type', () =>
    refusesAttributes(
      code,
      sorted([contentType, attribute(OID.messageDigest, primitive(0x0c, new Uint8Array(20)))]),
    ))
  it('that are there but empty', () =>
    refusesChange(code, (root) => {
      signerInfo(root).children?.splice(3, 0, der(0xa0))
    }))
  it('with another attribute twice', () => {
    const time = attribute(OID.signingTime, primitive(0x17, Buffer.from('260101000000Z')))
    const later = attribute(OID.signingTime, primitive(0x17, Buffer.from('270101000000Z')))
    return refusesAttributes(code, sorted([contentType, messageDigest, time, later]))
  })
  it('that are not in DER order', () => refusesAttributes(code, [messageDigest, contentType]))
  it('that were changed after signing', () =>
    refusesChange(
      'signature_invalid',
      (root) => {
        const time = attribute(OID.signingTime, primitive(0x17, Buffer.from('260101000000Z')))
        const attributes = nodeAt(signerInfo(root), 3)
        attributes.children = sorted([...(attributes.children ?? []), time])
      },
      { signedAttributes: true },
    ))
  it('signed in the [0] form instead of the SET OF', () =>
    refusesChange(
      'signature_invalid',
      (root) => {
        const attributes = nodeAt(signerInfo(root), 3)
        replace(signerInfo(root), -1, octets(cloud.rawSign(encodeDer(attributes))))
      },
      { signedAttributes: true },
    ))
  it('taken off, so that their SET stands as the content of their signature', async () => {
    const root = cloud.tree(CONTENT, { signedAttributes: true })
    const [attributes] = signerInfo(root).children?.splice(3, 1) ?? []
    const content = encodeDer(setOf(...(attributes?.children ?? [])))
    replace(nodeAt(signedData(root), 2, 1), 0, octets(content))
    await expect(
      verifyInstanceIdentity({ pkcs7: encodeDer(root) }, { audience: null, trustAnchors }),
    ).rejects.toMatchObject({ code: 'document_malformed' })
  })
  it('that are unsigned', () =>
    refusesChange('unsupported_structure', (root) => {
      signerInfo(root).children?.push(der(0xa1, attribute(OID.signingTime, nullNode())))
    }))
})

describe('verifyInstanceIdentity() refuses an envelope', () => {
  it('with an eContentType other than id-data', () =>
    refusesChange('unsupported_structure', (root) =>
      replace(nodeAt(signedData(root), 2), 0, objectIdentifier('1.2.840.113549.1.9.16.1.4')),
    ))
  it('that is nested SignedData', () =>
    refusesChange('unsupported_structure', (root) =>
      replace(
        signedData(root),
        2,
        sequence(objectIdentifier(OID.signedData), der(0xa0, cloud.tree(CONTENT))),
      ),
    ))
  it('that is EnvelopedData', () =>
    refusesChange('unsupported_structure', (root) =>
      replace(root, 0, objectIdentifier(OID.envelopedData)),
    ))
  it('without content and without document', async () => {
    const pkcs7 = cloud.sign(CONTENT, { detached: true })
    await verifyInstanceIdentity(
      { pkcs7, document: DOCUMENT },
      { audience: AUDIENCE, trustAnchors },
    )
    await expect(
      verifyInstanceIdentity({ pkcs7 }, { audience: AUDIENCE, trustAnchors }),
    ).rejects.toMatchObject({ code: 'content_missing' })
  })
  it('with revocation lists', () =>
    refusesChange('unsupported_structure', (root) => {
      signedData(root).children?.splice(3, 0, der(0xa1))
    }))
  it('of another version', () =>
    refusesChange('unsupported_structure', (root) => replace(signedData(root), 0, integer(3))))
  it('with bytes in the place of a certificate', () =>
    refusesChange(
      'unsupported_structure',
      (root) => {
        nodeAt(signedData(root), 3).children?.push(der(0xa1, integer(1)))
      },
      { certificate: true },
    ))
  it('with a certificate that is malformed', () =>
    refusesChange(
      'malformed_der',
      (root) => {
        nodeAt(signedData(root), 3).children?.push(sequence(integer(1)))
      },
      { certificate: true },
    ))
})

describe('verifyInstanceIdentity() refuses BER that is not DER', () => {
  const contentOctets = (root: DerNode): DerNode => nodeAt(signedData(root), 2, 1)

  it('an indefinite length', () => {
    const pkcs7 = cloud.sign(CONTENT)
    const indefinite = Buffer.concat([Uint8Array.of(0x30, 0x80), pkcs7.slice(4), Buffer.alloc(2)])
    return refuses(new Uint8Array(indefinite), 'malformed_der')
  })
  it('a constructed OCTET STRING', () =>
    refusesChange('malformed_der', (root) =>
      replace(
        contentOctets(root),
        0,
        der(0x24, octets(BYTES.slice(0, 100)), octets(BYTES.slice(100))),
      ),
    ))
  it('a length in the long form that would fit the short one', () =>
    refusesChange('malformed_der', (root) => {
      nodeAt(signerInfo(root), 0).forcedLength = [0x81, 0x01]
    }))
  it('a length with a leading zero', () =>
    refusesChange('malformed_der', (root) => {
      nodeAt(signerInfo(root), -1).forcedLength = [0x83, 0x00, 0x01, 0x00]
    }))
  it('a high tag number', () =>
    refusesChange('malformed_der', (root) => {
      replace(contentOctets(root), 0, primitive(0x1f, BYTES))
    }))
  it('a high tag number where anything may stand', () => {
    const odd = attribute('1.2.3.4', primitive(0x1f, Uint8Array.of(1)))
    return refusesAttributes('malformed_der', sorted([...standardAttributes(BYTES, 'sha1'), odd]))
  })
  it('trailing bytes after the message', async () => {
    const pkcs7 = cloud.sign(CONTENT)
    await refuses(new Uint8Array([...pkcs7, 0]), 'malformed_der')
  })
  it('trailing bytes inside the message', () =>
    refusesChange('malformed_der', (root) => {
      root.children?.push(nullNode())
    }))
  it.each([
    ['the wrapper', (root: DerNode) => nodeAt(root, 1)],
    ['SignedData', signedData],
    ['the content', (root: DerNode) => nodeAt(signedData(root), 2)],
    ['SignerInfo', signerInfo],
    ['the signer’s name', (root: DerNode) => nodeAt(signerInfo(root), 1)],
  ])('trailing bytes inside %s', (_name, find) =>
    refusesChange('malformed_der', (root) => {
      find(root).children?.push(nullNode())
    }),
  )
  it('truncation at every byte', async () => {
    const pkcs7 = cloud.sign(CONTENT)
    for (let length = 0; length < pkcs7.length; length++) {
      await refuses(pkcs7.slice(0, length), 'malformed_der')
    }
  })
  it('nesting without end', () => {
    let deep = nullNode()
    for (let i = 0; i < 1000; i++) deep = sequence(deep)
    return refusesAttributes(
      'malformed_der',
      sorted([...standardAttributes(BYTES, 'sha1'), attribute('1.2.3.4', deep)]),
    )
  })
  it('a length of 2^32', () =>
    refusesChange('malformed_der', (root) => {
      nodeAt(signerInfo(root), -1).forcedLength = [0x85, 1, 0, 0, 0, 0]
    }))
})

describe('verifyInstanceIdentity() refuses an algorithm', () => {
  const signatureAlgorithm = -2
  it('MD5', () => refuses(cloud.sign(CONTENT, { hash: 'md5' }), 'unsupported_algorithm'))
  it('with an unknown digest OID', () =>
    refusesChange('unsupported_algorithm', (root) => {
      replace(nodeAt(signedData(root), 1), 0, algorithm('1.2.3.4'))
      replace(signerInfo(root), 2, algorithm('1.2.3.4'))
    }))
  it('with an unknown signature OID', () =>
    refusesChange('unsupported_algorithm', (root) =>
      replace(signerInfo(root), signatureAlgorithm, algorithm('1.2.3.4')),
    ))
  it('whose digest differs between SignedData and SignerInfo', () =>
    refusesChange('unsupported_algorithm', (root) =>
      replace(nodeAt(signedData(root), 1), 0, digestAlgorithm('sha256')),
    ))
  it('whose digest differs between SignerInfo and the signature', () =>
    refusesChange('unsupported_algorithm', (root) =>
      replace(signerInfo(root), signatureAlgorithm, algorithm('1.2.840.113549.1.1.11')),
    ))
  it('with two digests named', () =>
    refusesChange('unsupported_structure', (root) => {
      nodeAt(signedData(root), 1).children?.push(digestAlgorithm('sha256'))
    }))
  it('with no digest named', () =>
    refusesChange('unsupported_structure', (root) => {
      nodeAt(signedData(root), 1).children = []
    }))
  it('PSS', () =>
    refusesChange('unsupported_algorithm', (root) =>
      replace(signerInfo(root), signatureAlgorithm, algorithm('1.2.840.113549.1.1.10', sequence())),
    ))
  it('ECDSA', () =>
    refusesChange('unsupported_algorithm', (root) =>
      replace(signerInfo(root), signatureAlgorithm, algorithm('1.2.840.10045.4.1', null)),
    ))
  it('with odd parameters', () =>
    refusesChange('unsupported_algorithm', (root) =>
      replace(
        signerInfo(root),
        signatureAlgorithm,
        algorithm(OID.rsaEncryption, octets(new Uint8Array(2))),
      ),
    ))
  it('SHA-1 once it is switched off', async () => {
    await verify(cloud.sign(CONTENT, { hash: 'sha256' }), { allowSha1: false })
    await refuses(cloud.sign(CONTENT), 'unsupported_algorithm', { allowSha1: false })
  })
})

describe('verifyInstanceIdentity() refuses a raw signature', () => {
  const withSignature = (change: (signature: Uint8Array) => Uint8Array) =>
    refusesChange('signature_invalid', (root) => {
      const signature = nodeAt(signerInfo(root), -1)
      signature.contents = change(signature.contents as Uint8Array)
    })
  /** s + n: the same number modulo n, and as long. */
  const modulus = (): bigint =>
    BigInt(
      `0x${Buffer.from(cloud.key.export({ format: 'jwk' }).n ?? '', 'base64url').toString('hex')}`,
    )
  const toBytes = (value: bigint, length: number): Uint8Array =>
    new Uint8Array(Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex'))
  const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  /** The raw private operation on a padded block of the test's own. */
  const rawBlock = (block: Uint8Array): Uint8Array => {
    const { n = '', d = '' } = cloud.key.export({ format: 'jwk' })
    const [m, e] = [n, d].map((part) => toNumber(Buffer.from(part, 'base64url'))) as [
      bigint,
      bigint,
    ]
    let [base, exponent, result] = [toNumber(block) % m, e, 1n]
    for (; exponent > 0n; exponent >>= 1n) {
      if (exponent & 1n) result = (result * base) % m
      base = (base * base) % m
    }
    return toBytes(result, 256)
  }
  const publicBlock = (signature: Uint8Array): Uint8Array => {
    const n = modulus()
    let power = toNumber(signature)
    // e = 65537: sixteen squarings and one product.
    for (let i = 0; i < 16; i++) power = (power * power) % n
    return toBytes((power * toNumber(signature)) % n, 256)
  }

  it('shorter than the modulus', () => withSignature((s) => s.slice(1)))
  it('longer than the modulus', () => withSignature((s) => Uint8Array.of(0, ...s)))
  it('that is empty', () => withSignature(() => new Uint8Array()))
  it('that is zero', () => withSignature(() => new Uint8Array(256)))
  it('that is one', () => withSignature(() => toBytes(1n, 256)))
  it('that is not below the modulus', () =>
    withSignature((s) => {
      const sum = toNumber(s) + modulus()
      return toBytes(sum, sum >> 2048n ? 257 : 256)
    }))
  it('equal to the modulus', () => withSignature(() => toBytes(modulus(), 256)))
  it.each([
    ['block type 2', (block: Uint8Array) => block.with(1, 2)],
    ['a padding byte that is not FF', (block: Uint8Array) => block.with(20, 0xfe)],
    [
      'short padding and rubbish behind the digest',
      (block: Uint8Array) => {
        const start = block.indexOf(0, 2)
        const info = block.slice(start)
        const forged = new Uint8Array(256).fill(0xab)
        forged.set([0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
        forged.set(info, 10)
        return forged
      },
    ],
    [
      'a DigestInfo without NULL',
      (block: Uint8Array) => {
        const start = block.indexOf(0, 2) + 1
        const digest = block.slice(-20)
        const info = Buffer.concat([Buffer.from('301f300706052b0e03021a0414', 'hex'), digest])
        const padding = Buffer.alloc(start + 2, 0xff)
        padding.set([0, 1])
        padding[padding.length - 1] = 0
        return new Uint8Array(Buffer.concat([padding, info]))
      },
    ],
  ])('with a slip of the padding: %s', (_name, slip) =>
    withSignature((signature) => {
      const block = publicBlock(signature)
      expect(rawBlock(block)).toEqual(signature)
      const slipped = slip(block)
      expect(slipped).toHaveLength(256)
      return rawBlock(slipped)
    }),
  )
})
