// What must be accepted: the shape that ECS sends today, the shapes that it may come to send, from two
// independent producers, and every form in which a caller may hand them over.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TrustAnchor, parseTrustAnchors } from '../../../src/index.ts'
import { verifyInstanceIdentity } from '../../support/every-crypto.ts'
import { nodeAt, encodeDer, objectIdentifier, primitive } from '../../support/der-tree.ts'
import { type OpensslCloud, createOpensslCloud } from '../../support/openssl.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import {
  DOCUMENT_FIELDS,
  type Hash,
  OID,
  type SignOptions,
  type TestCloud,
  attribute,
  documentText,
  standardAttributes,
  sharedTestCloud,
  withAudience,
} from '../../support/test-cloud.ts'

const AUDIENCE = 'a-nonce'
const DOCUMENT = documentText()
const CONTENT = withAudience(DOCUMENT, AUDIENCE)

const SIGNATURE_OIDS: Readonly<Record<string, string>> = {
  sha1: '1.2.840.113549.1.1.5',
  sha256: '1.2.840.113549.1.1.11',
  sha384: '1.2.840.113549.1.1.12',
  sha512: '1.2.840.113549.1.1.13',
}

describe('verifyInstanceIdentity() accepts', () => {
  let cloud: TestCloud
  let trustAnchors: readonly TrustAnchor[]
  beforeAll(async () => {
    cloud = await sharedTestCloud()
    trustAnchors = await parseTrustAnchors(cloud.certificatePem)
  })
  const verify = (pkcs7: string | Uint8Array, document: string | Uint8Array = DOCUMENT) =>
    verifyInstanceIdentity({ pkcs7, document }, { audience: AUDIENCE, trustAnchors })
  const accepts = async (pkcs7: Uint8Array): Promise<void> => {
    expect(await verify(pkcs7)).toMatchObject({ instanceId: DOCUMENT_FIELDS['instance-id'] })
  }

  it('the shape of ECS, and gives every field of the signed document', async () => {
    const [anchor] = trustAnchors
    const identity = await verify(cloud.sign(CONTENT))
    expect({ ...identity }).toEqual({
      ownerAccountId: DOCUMENT_FIELDS['owner-account-id'],
      instanceId: DOCUMENT_FIELDS['instance-id'],
      regionId: DOCUMENT_FIELDS['region-id'],
      zoneId: DOCUMENT_FIELDS['zone-id'],
      instanceType: DOCUMENT_FIELDS['instance-type'],
      imageId: DOCUMENT_FIELDS['image-id'],
      privateIpv4: DOCUMENT_FIELDS['private-ipv4'],
      mac: DOCUMENT_FIELDS.mac,
      serialNumber: DOCUMENT_FIELDS['serial-number'],
      audience: AUDIENCE,
      unknownFields: [],
      trustAnchor: anchor?.fingerprint,
      digest: Buffer.from(
        await crypto.subtle.digest('SHA-256', new TextEncoder().encode(CONTENT)),
      ).toString('hex'),
    })
  })

  it.each<[string, SignOptions]>([
    ['SHA-256', { hash: 'sha256' }],
    ['SHA-384', { hash: 'sha384' }],
    ['SHA-512', { hash: 'sha512' }],
    ['signed attributes', { signedAttributes: true }],
    ['signed attributes under SHA-256', { signedAttributes: true, hash: 'sha256' }],
    ['the certificate in the message', { certificate: true }],
    ['detached content', { detached: true }],
    ['all of that', { hash: 'sha512', signedAttributes: true, certificate: true, detached: true }],
  ])('%s', (_, options) => accepts(cloud.sign(CONTENT, options)))

  it('another signed attribute beside the two that must be there', async () => {
    const bytes = new TextEncoder().encode(CONTENT)
    const time = primitive(0x17, new TextEncoder().encode('260101000000Z'))
    const signedAttributes = [
      ...standardAttributes(bytes, 'sha1'),
      attribute(OID.signingTime, time),
    ].toSorted((a, b) => Buffer.compare(encodeDer(a), encodeDer(b)))
    await accepts(cloud.sign(CONTENT, { signedAttributes }))
  })

  it.each<Hash>(['sha1', 'sha256', 'sha384', 'sha512'])(
    'the signature algorithm named with its digest: %s',
    async (hash) => {
      const root = cloud.tree(CONTENT, { hash })
      const algorithm = nodeAt(root, 1, 0, -1, 0, 3)
      const named = objectIdentifier(SIGNATURE_OIDS[hash] as string)
      algorithm.children?.splice(0, 1, named)
      await accepts(encodeDer(root))
    },
  )

  it('parameters that are absent in place of NULL, in each place', async () => {
    for (const path of [
      [1, 0, 1, 0],
      [1, 0, -1, 0, 2],
      [1, 0, -1, 0, 3],
    ]) {
      const root = cloud.tree(CONTENT)
      nodeAt(root, ...path).children?.splice(1, 1)
      await accepts(encodeDer(root))
    }
  })

  it('text in base64, bytes of DER, and the document as text or bytes', async () => {
    const der = cloud.sign(CONTENT)
    const base64 = Buffer.from(der).toString('base64')
    for (const pkcs7 of [der, base64]) {
      for (const document of [DOCUMENT, new TextEncoder().encode(DOCUMENT), CONTENT]) {
        expect(await verify(pkcs7, document)).toMatchObject({ audience: AUDIENCE })
      }
    }
  })

  it('evidence without a document where the content is embedded', async () => {
    const evidence = { pkcs7: cloud.sign(CONTENT) }
    expect(await verifyInstanceIdentity(evidence, { audience: null, trustAnchors })).toMatchObject({
      audience: AUDIENCE,
    })
  })

  it('evidence that was signed without an audience, where none is demanded', async () => {
    const evidence = { pkcs7: cloud.sign(DOCUMENT) }
    const identity = await verifyInstanceIdentity(evidence, { audience: null, trustAnchors })
    expect(identity).not.toHaveProperty('audience')
  })
})

describe('verifyInstanceIdentity() accepts what the openssl command signs', () => {
  let openssl: OpensslCloud | undefined
  beforeAll(async () => {
    if (findTool('openssl') !== undefined) openssl = await createOpensslCloud()
  })
  afterAll(() => openssl?.close())

  it.for<[string, readonly string[]]>([
    ['in the shape of ECS', ['-nodetach', '-nocerts', '-noattr', '-md', 'sha1']],
    ['with the certificate', ['-nodetach', '-noattr', '-md', 'sha1']],
    ['with signed attributes', ['-nodetach', '-nocerts', '-nosmimecap', '-md', 'sha1']],
    ['with SHA-256 and the certificate', ['-nodetach', '-nosmimecap', '-md', 'sha256']],
    ['with S/MIME capabilities', ['-nodetach', '-md', 'sha256']],
    ['detached', ['-nocerts', '-noattr', '-md', 'sha1']],
    ['detached with all of it', ['-md', 'sha512']],
  ])('%s', async ([, args], context) => {
    requireTool(context, 'openssl', 'apt-get install openssl')
    if (openssl === undefined) throw new Error('no cloud')
    const trustAnchors = await parseTrustAnchors(openssl.certificatePem)
    const pkcs7 = await openssl.sign(CONTENT, [...args, '-binary'])
    const evidence = { pkcs7, document: DOCUMENT }
    const options = { audience: AUDIENCE, trustAnchors }
    expect(await verifyInstanceIdentity(evidence, options)).toMatchObject({
      instanceId: DOCUMENT_FIELDS['instance-id'],
    })
  })
})
