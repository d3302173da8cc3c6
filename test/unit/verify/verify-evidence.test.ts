// The checks of verification: each by its code and its message, and in their order. What else each of them
// refuses is in the other files of this folder.

import { beforeAll, describe, expect, it } from 'vitest'
import type { InstanceIdentityErrorCode } from '../../../src/base/errors.ts'
import type { EvidenceInput, VerifyEvidenceOptions } from '../../../src/verify/verify-evidence.ts'
import { verifyEvidence } from '../../support/every-crypto.ts'
import { createTrustAnchor } from '../../../src/verify/trust-anchor.ts'
import { integer, nodeAt, encodeDer, objectIdentifier, octets } from '../../support/der-tree.ts'
import { refusedAs } from '../../support/refusals.ts'
import {
  OID,
  type SignOptions,
  type TestCloud,
  attribute,
  createTestCloud,
  documentText,
  sharedTestCloud,
  sharedTestKeys,
  withAudience,
} from '../../support/test-cloud.ts'

const AUDIENCE = 'a-nonce'
const DOCUMENT = documentText()
const CONTENT = withAudience(DOCUMENT, AUDIENCE)
const NOW = Math.floor(Date.now() / 1000)
const DAY = 86_400

let cloud: TestCloud
let options: Omit<VerifyEvidenceOptions, 'crypto'>
beforeAll(async () => {
  cloud = await sharedTestCloud()
  const trustAnchors = [createTrustAnchor(cloud.certificateDer)]
  options = { audience: AUDIENCE, trustAnchors, now: NOW, allowSha1: true }
})

/** Evidence over a content, with the plain document beside it. */
const signed = (content: string, signing?: SignOptions): EvidenceInput => ({
  pkcs7: cloud.sign(content, signing),
  document: DOCUMENT,
})

interface Row {
  readonly what: string
  readonly code: InstanceIdentityErrorCode
  readonly message: string
  readonly evidence: () => EvidenceInput
  readonly changes?: () => Partial<VerifyEvidenceOptions>
}

/** In the order of the checks. Each row also has every fault of the rows below that it can have. */
const ROWS: readonly Row[] = [
  {
    what: 'a demand that no document can carry',
    code: 'audience_mismatch',
    message: 'not an audience: expected [A-Za-z0-9_-]{1,64}',
    evidence: () => ({ pkcs7: 'no base64' }),
    changes: () => ({ audience: 'not an audience' }),
  },
  {
    what: 'evidence of another shape',
    code: 'malformed_encoding',
    message: 'evidence is not { pkcs7, document? } of strings or Uint8Arrays',
    evidence: () => ({ pkcs7: 17 }) as unknown as EvidenceInput,
  },
  {
    what: 'a message that is not base64',
    code: 'malformed_encoding',
    message: 'not base64',
    evidence: () => ({ pkcs7: 'no base64', document: 'x'.repeat(2000) }),
  },
  {
    what: 'a message that is not DER',
    code: 'malformed_der',
    message: 'not the expected tag',
    evidence: () => ({ pkcs7: 'AAAA', document: 'x'.repeat(2000) }),
  },
  {
    what: 'a message with no signer',
    code: 'unsupported_structure',
    message: 'no signer',
    evidence: () => {
      const root = cloud.tree('[]')
      nodeAt(root, 1, 0, -1).children = []
      return { pkcs7: encodeDer(root), document: 'x'.repeat(2000) }
    },
  },
  {
    what: 'a posted document that is too long',
    code: 'document_malformed',
    message: 'the document is too long',
    evidence: () => ({ ...signed('[]', { hash: 'md5' }), document: 'x'.repeat(1027) }),
  },
  {
    what: 'detached content and no document',
    code: 'content_missing',
    message: 'the message has no content, and no document was given',
    evidence: () => ({ pkcs7: cloud.sign('[]', { detached: true, hash: 'md5' }) }),
  },
  {
    what: 'detached content and a document without a brace',
    code: 'document_malformed',
    message: 'the document does not end with a brace',
    evidence: () => ({ ...signed('[]', { detached: true, hash: 'md5' }), document: '[]' }),
  },
  {
    what: 'content that is no object, such as signed attributes',
    code: 'document_malformed',
    message: 'content that is not a JSON object',
    evidence: () => signed('1{}', { hash: 'md5' }),
  },
  {
    what: 'a digest that is not supported',
    code: 'unsupported_algorithm',
    message: 'a digest algorithm that is not supported',
    evidence: () => signed('{}', { hash: 'md5' }),
    changes: () => ({ now: 0 }),
  },
  {
    what: 'SHA-1 where it is switched off',
    code: 'unsupported_algorithm',
    message: 'SHA-1 is switched off',
    evidence: () => signed('{}'),
    changes: () => ({ now: 0, allowSha1: false }),
  },
  {
    what: 'a signer that is no anchor',
    code: 'unknown_signer',
    message: 'not signed by any of the trust anchors',
    evidence: () => {
      const root = cloud.tree('{}')
      nodeAt(root, 1, 0, -1, 0, 1).children?.splice(1, 1, integer(1))
      return { pkcs7: encodeDer(root), document: DOCUMENT }
    },
    changes: () => ({ now: 0 }),
  },
  {
    what: 'an anchor that is not valid yet',
    code: 'trust_anchor_not_valid',
    message: 'a trust anchor outside its validity',
    evidence: () => signed('{}'),
    changes: () => ({ now: 0 }),
  },
  {
    what: 'a document that is malformed',
    code: 'document_malformed',
    message: 'expected a string in the document',
    evidence: () => signed('{}'),
  },
  {
    what: 'a posted document that is another one',
    code: 'document_mismatch',
    message: 'the document is not the signed content',
    evidence: () => ({
      document: documentText({ 'instance-id': 'i-another' }),
      ...forged(CONTENT),
    }),
  },
  {
    what: 'signed attributes of another content',
    code: 'signed_attributes_invalid',
    message: 'the signed attributes do not match this content',
    evidence: () =>
      signed(withAudience(DOCUMENT, 'another'), {
        signedAttributes: [
          attribute(OID.contentType, objectIdentifier(OID.data)),
          attribute(OID.messageDigest, octets(BYTES)),
        ],
      }),
  },
  {
    what: 'a signature that does not verify',
    code: 'signature_invalid',
    message: 'the signature does not verify',
    evidence: () => ({ document: DOCUMENT, ...forged(withAudience(DOCUMENT, 'another')) }),
  },
  {
    what: 'another audience',
    code: 'audience_mismatch',
    message: 'signed for another audience',
    evidence: () => signed(withAudience(DOCUMENT, 'another')),
  },
]

const BYTES = new Uint8Array(20)

/** A message whose signature is over something else. */
const forged = (content: string): Pick<EvidenceInput, 'pkcs7'> => {
  const root = cloud.tree(content)
  nodeAt(root, 1, 0, -1, 0).children?.splice(-1, 1, octets(cloud.rawSign(BYTES)))
  return { pkcs7: encodeDer(root) }
}

describe('verifyEvidence()', () => {
  it.each(ROWS)('refuses $what', async ({ code, message, evidence, changes }) => {
    expect(await verifyEvidence(signed(CONTENT), options)).toMatchObject({ audience: AUDIENCE })
    const refused = verifyEvidence(evidence(), { ...options, ...changes?.() })
    await expect(refused).rejects.toThrow(refusedAs(code, message))
  })

  it('refuses to judge without trust anchors: a mistake of the caller', async () => {
    const refused = verifyEvidence({ pkcs7: '' }, { ...options, trustAnchors: [], audience: '' })
    await expect(refused).rejects.toThrow(new RangeError('trustAnchors must not be empty'))
  })

  it.each([
    ['1,026 characters', 1026, 'document_mismatch'],
    ['1,027 characters', 1027, 'document_malformed'],
  ] as const)('looks at a posted document of %s', async (_, length, code) => {
    const document = 'x'.repeat(length)
    const refused = verifyEvidence({ ...signed(CONTENT), document }, options)
    await expect(refused).rejects.toThrow(refusedAs(code))
  })

  it('skips an anchor that has expired, and takes the next one of that name', async () => {
    const keys = await sharedTestKeys()
    const notAfter = new Date((NOW - DAY) * 1000)
    const expired = createTrustAnchor((await createTestCloud({ keys, notAfter })).certificateDer)
    const [valid] = options.trustAnchors
    const both = { ...options, trustAnchors: [expired, ...options.trustAnchors] }
    const identity = await verifyEvidence(signed(CONTENT), both)
    expect(identity.trustAnchor).toBe(valid?.fingerprint)
    const alone = verifyEvidence(signed(CONTENT), { ...options, trustAnchors: [expired] })
    await expect(alone).rejects.toThrow(refusedAs('trust_anchor_not_valid'))
  })

  it('gives one digest for one content, in whatever message it comes', async () => {
    const digests = new Set<string>()
    for (const signing of [{}, { hash: 'sha256' }, { signedAttributes: true }] as const) {
      digests.add((await verifyEvidence(signed(CONTENT, signing), options)).digest)
    }
    digests.add((await verifyEvidence(signed(CONTENT, { detached: true }), options)).digest)
    expect([...digests]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
  })
})
