// What verification takes from the platform must be there, and be the same, in workerd.

import { inject, it } from 'vitest'
import {
  ALIBABA_CLOUD_TRUST_ANCHORS,
  parseTrustAnchors,
  verifyInstanceIdentity,
} from '../../src/index.ts'
import { sha256 } from '../../src/verify/sha256.ts'
import { toHex, utf8 } from '../../src/bytes.ts'

const evidence = inject('evidence')

it.skipIf(evidence === null)(
  'verifyInstanceIdentity() accepts evidence made by openssl, in workerd',
  async ({ expect }) => {
    if (evidence === null) return
    const trustAnchors = await parseTrustAnchors(evidence.certificatePem)
    const identity = await verifyInstanceIdentity(evidence, { trustAnchors })
    expect(identity.instanceId).toBe(JSON.parse(evidence.document)['instance-id'])
    expect(identity.audience).toBe(evidence.audience)
  },
)

it.skipIf(evidence === null)(
  'verifyInstanceIdentity() refuses that evidence under the built-in trust anchor, in workerd',
  async ({ expect }) => {
    if (evidence === null) return
    const options = { trustAnchors: ALIBABA_CLOUD_TRUST_ANCHORS }
    const refusal = verifyInstanceIdentity(evidence, options)
    await expect(refusal).rejects.toMatchObject({ code: 'unknown_signer' })
  },
)

it('sha256() is that of the platform, in workerd', async ({ expect }) => {
  const bytes = utf8('rollcall'.repeat(100))
  const platform = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  expect(toHex(sha256(bytes))).toBe(toHex(platform))
})
