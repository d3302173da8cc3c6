// The verifier's word as a Result, and what the verifier is asked for.

import { beforeAll, describe, expect, it } from 'vitest'
import { refuse } from '../../../src/base/result.ts'
import { type VerifierOptions, readEvidence } from '../../../src/enroll/read-evidence.ts'
import { NODE_CRYPTO } from '../../../src/node/node-crypto.ts'
import { parseTrustAnchors } from '../../../src/verify/trust-anchor.ts'
import {
  DOCUMENT_FIELDS,
  type TestCloud,
  createTestCloud,
  documentText,
  withAudience,
} from '../../support/test-cloud.ts'

const AUDIENCE = 'a-nonce'

let cloud: TestCloud
let options: VerifierOptions
let now: number
let evidence: { readonly document: string; readonly pkcs7: string }

beforeAll(async () => {
  cloud = await createTestCloud()
  const trustAnchors = await parseTrustAnchors(cloud.certificatePem)
  now = (trustAnchors[0]?.notBefore ?? 0) + 1
  options = { trustAnchors, allowSha1: true, crypto: NODE_CRYPTO }
  const document = documentText()
  const der = cloud.sign(withAudience(document, AUDIENCE))
  evidence = { document, pkcs7: Buffer.from(der).toString('base64') }
})

describe('readEvidence()', () => {
  it.each([undefined, AUDIENCE])(
    'gives the identity, with the audience %s posted',
    async (audience) => {
      expect(await readEvidence({ ...evidence, audience }, options, now)).toMatchObject({
        ok: true,
        value: { instanceId: DOCUMENT_FIELDS['instance-id'], audience: AUDIENCE },
      })
    },
  )

  it.each<[string, object, object]>([
    ['audience_mismatch', { audience: 'another' }, {}],
    ['malformed_encoding', { pkcs7: '?' }, {}],
    ['document_mismatch', { document: '{}' }, {}],
    ['unsupported_algorithm', {}, { allowSha1: false }],
  ])('refuses as %s', async (reason, request, changes) => {
    const given = readEvidence({ ...evidence, ...request }, { ...options, ...changes }, now)
    expect(await given).toEqual(refuse({ code: 'invalid_evidence', reason }))
  })

  it('throws for a mistake of this program', async () => {
    const nobody = { ...options, trustAnchors: [] }
    await expect(readEvidence(evidence, nobody, now)).rejects.toThrow(RangeError)
  })
})
