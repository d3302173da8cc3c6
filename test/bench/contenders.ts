// What is measured: our own work, what it can't avoid, and general CMS libraries on the same bytes.

import { ContentInfo, SignedData } from '@peculiar/asn1-cms'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import * as pkijs from 'pkijs'
import { fromBase64 } from '../../src/base/bytes.ts'
import { createEnroller } from '../../src/enroll/enroller.ts'
import { parseTrustAnchors, verifyInstanceIdentity } from '../../src/index.ts'
import { readSignedData } from '../../src/codec/signed-data.ts'
import { createMemoryLedger } from '../../src/ledger/memory.ts'
import { parsePolicy } from '../../src/policy/policy.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { parseSigningKeys } from '../../src/token/signing-keys.ts'
import {
  DOCUMENT_FIELDS,
  createTestCloud,
  documentText,
  withAudience,
} from '../support/test-cloud.ts'
import { type Contender, measureAlone, measureInTurns } from './measure.ts'

const PKCS1_SHA1 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1' }

/** Everything that the contenders work on: one piece of evidence in the shape of ECS. */
const prepare = async () => {
  const cloud = await createTestCloud()
  const trustAnchors = await parseTrustAnchors(cloud.certificatePem)
  const [anchor] = trustAnchors
  if (anchor === undefined) throw new Error('no trust anchor')
  const signingKeys = await parseSigningKeys(await generateSigningKeys('ES256'))
  const enroller = await createEnroller({
    issuer: 'https://rollcall.example',
    policy: parsePolicy({
      roles: {
        worker: {
          match: { owner_account_id: [DOCUMENT_FIELDS['owner-account-id']] },
          token: { audience: ['https://cluster.example'] },
          reenrollment: 'always',
        },
      },
    }),
    signingKeys,
    ledger: createMemoryLedger(),
    trustAnchors,
    allowSha1: true,
    challengeLifetimeSeconds: 3600,
  })
  const now = Math.floor(Date.now() / 1000)
  const { audience } = await enroller.challenge({}, now)
  const document = documentText()
  const pkcs7 = Buffer.from(cloud.sign(withAudience(document, audience))).toString('base64')
  const { content, signer } = readSignedData(fromBase64(pkcs7) as Uint8Array<ArrayBuffer>)
  const key = await crypto.subtle.importKey('spki', anchor.publicKey, PKCS1_SHA1, false, ['verify'])
  const macKey = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return {
    certificate: pkijs.Certificate.fromBER(cloud.certificateDer as Uint8Array<ArrayBuffer>),
    content: Uint8Array.from(content as Uint8Array),
    signature: Uint8Array.from(signer.signature),
    enroller,
    audience,
    document,
    key,
    macKey: macKey as CryptoKey,
    now,
    pkcs7,
    signingKeys,
    trustAnchors,
  }
}

const contendersOf = (given: Awaited<ReturnType<typeof prepare>>) => {
  const { certificate, content, signature, enroller, audience, document, key, now, pkcs7 } = given
  const { trustAnchors, signingKeys, macKey } = given
  const der = fromBase64(pkcs7) as Uint8Array<ArrayBuffer>
  const bare = (): Promise<boolean> =>
    crypto.subtle.verify(PKCS1_SHA1.name, key, signature, content)
  return {
    bare,
    verify: () => verifyInstanceIdentity({ pkcs7 }, { audience, trustAnchors, now }),
    bareEnrollment: async () => {
      await bare()
      await crypto.subtle.sign('HMAC', macKey, content)
      return crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, signingKeys.signer.key, content)
    },
    async enroll() {
      const enrollment = await enroller.enroll({ document, pkcs7 }, now)
      if (!enrollment.ok) throw new Error('an enrollment that was refused')
    },
    async asn1Cms() {
      const bytes = Buffer.from(pkcs7, 'base64')
      const signedData = AsnConvert.parse(AsnConvert.parse(bytes, ContentInfo).content, SignedData)
      const embedded = signedData.encapContentInfo.eContent?.single as OctetString
      const signed = signedData.signerInfos[0]?.signature as OctetString
      await crypto.subtle.verify(PKCS1_SHA1.name, key, signed.buffer, embedded.buffer)
    },
    async pkijs() {
      const { content: inside } = pkijs.ContentInfo.fromBER(der)
      const signedData = new pkijs.SignedData({ schema: inside })
      signedData.certificates = [certificate]
      await signedData.verify({ signer: 0, checkChain: false })
    },
  } satisfies Record<string, Contender>
}

/** Measures, prints a table and, last, the line of ratios. */
export const runBenchmarks = async ({
  rounds,
  blocks,
}: {
  rounds: number
  blocks: number
}): Promise<void> => {
  const contenders = contendersOf(await prepare())
  // A contender that fails fast would look good.
  for (const contender of Object.values(contenders)) await contender()
  const { bare, verify, bareEnrollment, enroll, asn1Cms, pkijs: pkijsVerify } = contenders
  const [bareTime = 0, verifyTime = 0] = await measureInTurns([bare, verify], blocks)
  const enrollTimes = await measureInTurns([bareEnrollment, enroll], blocks)
  const [bareEnrollTime = 0, enrollTime = 0] = enrollTimes
  const alone = await measureAlone({ verify, asn1Cms, pkijs: pkijsVerify }, rounds)
  const { verify: aloneTime = 0, asn1Cms: asn1CmsTime = 0, pkijs: pkijsTime = 0 } = alone

  const show = (name: string, nanoseconds: number): void =>
    console.log(`${name.padEnd(36)} ${(nanoseconds / 1000).toFixed(1).padStart(8)} µs`)
  show('processor: bare verify', bareTime)
  show('processor: verifyInstanceIdentity()', verifyTime)
  show('processor: bare enrollment', bareEnrollTime)
  show('processor: enroll()', enrollTime)
  show('clock: verifyInstanceIdentity()', aloneTime)
  show('clock: @peculiar/asn1-cms', asn1CmsTime)
  show('clock: pkijs', pkijsTime)
  const ratio = (time: number, to: number): number => Number((time / to).toFixed(2))
  const ratios = {
    verify_ratio: ratio(verifyTime, bareTime),
    enroll_ratio: ratio(enrollTime, bareEnrollTime),
    asn1_cms_ratio: ratio(asn1CmsTime, aloneTime),
    pkijs_ratio: ratio(pkijsTime, aloneTime),
  }
  console.log(`BENCH ${JSON.stringify(ratios)}`)
}
