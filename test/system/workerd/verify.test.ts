// What verification takes from the platform must be there, and be the same, in workerd.

import { inject, it } from 'vitest'
import {
  ALIBABA_CLOUD_TRUST_ANCHORS,
  parseTrustAnchors,
  verifyInstanceIdentity,
} from '../../../src/index.ts'
import { sha256 } from '../../../src/base/sha256.ts'
import { concatBytes, toHex, utf8 } from '../../../src/base/bytes.ts'
import { WEB_CRYPTO } from '../../../src/base/crypto.ts'
import { decodePkcs7 } from '../../../src/codec/pem.ts'
import { readSignedData } from '../../../src/codec/signed-data.ts'
import { type TrustAnchor, verifierOf } from '../../../src/verify/trust-anchor.ts'

const evidence = inject('evidence')
const NO_OPENSSL = 'openssl is not installed: install it to make evidence for workerd'

it('verifyInstanceIdentity() accepts evidence made by openssl, in workerd', async ({
  expect,
  skip,
}) => {
  if (evidence === null) return skip(NO_OPENSSL)
  const trustAnchors = await parseTrustAnchors(evidence.certificatePem)
  const identity = await verifyInstanceIdentity(evidence, {
    audience: evidence.audience,
    trustAnchors,
  })
  expect(identity.instanceId).toBe(JSON.parse(evidence.document)['instance-id'])
  expect(identity.audience).toBe(evidence.audience)
})

it('verifyInstanceIdentity() refuses that evidence under the built-in trust anchor, in workerd', async ({
  expect,
  skip,
}) => {
  if (evidence === null) return skip(NO_OPENSSL)
  const options = { audience: evidence.audience, trustAnchors: ALIBABA_CLOUD_TRUST_ANCHORS }
  const refusal = verifyInstanceIdentity(evidence, options)
  await expect(refusal).rejects.toMatchObject({ code: 'unknown_signer' })
})

it('verifyInstanceIdentity() refuses a signature of any other value or length, in workerd', async ({
  expect,
  skip,
}) => {
  if (evidence === null) return skip(NO_OPENSSL)
  const [anchor] = await parseTrustAnchors(evidence.certificatePem)
  const { content, signer } = readSignedData(decodePkcs7(evidence.pkcs7))
  const verify = await verifierOf(anchor as TrustAnchor, 'SHA-1', WEB_CRYPTO)
  const verifies = async (signature: Uint8Array): Promise<boolean> =>
    verify(signature, content as Uint8Array)
  const good = signer.signature
  expect(await verifies(good)).toBe(true)
  const others = [
    new Uint8Array(),
    new Uint8Array(256),
    new Uint8Array(256).fill(0xff),
    good.subarray(1),
    good.subarray(0, 255),
    concatBytes(Uint8Array.of(0), good),
    concatBytes(good, Uint8Array.of(0)),
    good.map((byte, i) => (i === 100 ? byte ^ 1 : byte)),
  ]
  for (const other of others) expect(await verifies(other)).toBe(false)
})

it('sha256() gives what the platform’s gives, in workerd', async ({ expect }) => {
  const bytes = utf8('rollcall'.repeat(100))
  const platform = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  expect(toHex(sha256(bytes))).toBe(toHex(platform))
})
