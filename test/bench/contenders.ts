// What is measured, and how: each contender in turn, round after round, and the median over the rounds.

import { ContentInfo, SignedData } from '@peculiar/asn1-cms'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { measure } from 'mitata'
import * as pkijs from 'pkijs'
import { fromBase64 } from '../../src/bytes.ts'
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

type Contender = () => Promise<unknown>

const PKCS1_SHA1 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1' }

/** Nanoseconds for one call, by name: medians over the rounds. */
const measureInTurns = async (
  contenders: Readonly<Record<string, Contender>>,
  rounds: number,
): Promise<Record<string, number>> => {
  const samples: Record<string, number[]> = {}
  for (let round = 0; round < rounds; round++) {
    for (const [name, contender] of Object.entries(contenders)) {
      // The first round warms up.
      const { p50 } = await measure(contender, { min_cpu_time: 2e7, min_samples: 64 })
      if (round > 0) (samples[name] ??= []).push(p50)
    }
    process.stderr.write(`\rround ${round + 1} of ${rounds}`)
  }
  process.stderr.write('\n')
  return Object.fromEntries(
    Object.entries(samples).map(([name, values]) => {
      const sorted = values.toSorted((a, b) => a - b)
      return [name, sorted[sorted.length >> 1] as number]
    }),
  )
}

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
    verify: () => verifyInstanceIdentity({ pkcs7, audience }, { trustAnchors, now }),
    'bare enrollment': async () => {
      await bare()
      await crypto.subtle.sign('HMAC', macKey, content)
      return crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, signingKeys.signer.key, content)
    },
    async enroll() {
      const enrollment = await enroller.enroll({ document, pkcs7 }, now)
      if (!enrollment.ok) throw new Error('an enrollment that was refused')
    },
    async 'asn1-cms'() {
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
export const runBenchmarks = async ({ rounds }: { rounds: number }): Promise<void> => {
  const contenders = contendersOf(await prepare())
  // A contender that fails fast would look good.
  for (const contender of Object.values(contenders)) await contender()
  const times = await measureInTurns(contenders, rounds)
  for (const [name, nanoseconds] of Object.entries(times)) {
    console.log(`${name.padEnd(16)} ${(nanoseconds / 1000).toFixed(1).padStart(8)} µs`)
  }
  const ratio = (name: string, of: string): number =>
    Number(((times[name] as number) / (times[of] as number)).toFixed(2))
  const ratios = {
    verify_ratio: ratio('verify', 'bare'),
    enroll_ratio: ratio('enroll', 'bare enrollment'),
    asn1_cms_ratio: ratio('asn1-cms', 'verify'),
    pkijs_ratio: ratio('pkijs', 'verify'),
  }
  console.log(`BENCH ${JSON.stringify(ratios)}`)
}
