// What the library costs: against the cryptography that it can't avoid, and against general libraries and programs
// on the same bytes. In turns.

import { ContentInfo, SignedData } from '@peculiar/asn1-cms'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import * as pkijs from 'pkijs'
import type { Enroller } from '../../src/enroll/enroller.ts'
import { verifyInstanceIdentity } from '../../src/index.ts'
import { NODE_CRYPTO } from '../../src/node/node-crypto.ts'
import type { Comparison, Ratios } from './comparison.ts'
import { type BenchEvidence, PKCS1_SHA1, createBenchEvidence } from './evidence.ts'
import { startGoVerifier } from './go-peer.ts'
import { type Contender, awaited, synchronous, warmUp } from './measure.ts'
import { prepareOpenssl } from './openssl-run.ts'

/** Our calls while openssl runs once: about as long. */
const CALLS_BESIDE_OPENSSL = 200

/** How the library is measured. */
export interface LibraryOptions {
  /** Processor time in milliseconds before each contender is measured. */
  readonly warmUpMs: number
  /** For files and for the Go peer. */
  readonly folder: string
}

/** First enrollments of all instances, by as many new enrollers as the calls need. */
const enrollments =
  ({ newEnroller, requests, now }: BenchEvidence): Contender =>
  async (calls) => {
    const enrollers: Enroller[] = []
    for (let left = calls; left > 0; left -= requests.length) enrollers.push(await newEnroller())
    return async () => {
      let left = calls
      for (const enroller of enrollers) {
        for (const request of requests.slice(0, left)) {
          const enrollment = await enroller.enroll(request, now)
          if (!enrollment.ok) throw new Error(`enroll() refused: ${enrollment.facts.reason}`)
        }
        left -= requests.length
      }
    }
  }

const expectVerified = (verified: boolean): void => {
  if (!verified) throw new Error('a signature that does not verify')
}

const asn1Cms =
  ({ pkcs7, webKey }: BenchEvidence) =>
  async (): Promise<void> => {
    const bytes = Buffer.from(pkcs7, 'base64')
    const signedData = AsnConvert.parse(AsnConvert.parse(bytes, ContentInfo).content, SignedData)
    const embedded = signedData.encapContentInfo.eContent?.single as OctetString
    const signed = signedData.signerInfos[0]?.signature as OctetString
    const { name } = PKCS1_SHA1
    expectVerified(await crypto.subtle.verify(name, webKey, signed.buffer, embedded.buffer))
  }

const pkijsVerify = ({ pkcs7, cloud }: BenchEvidence) => {
  const certificate = pkijs.Certificate.fromBER(cloud.certificateDer as Uint8Array<ArrayBuffer>)
  return async (): Promise<void> => {
    const { content } = pkijs.ContentInfo.fromBER(Buffer.from(pkcs7, 'base64'))
    const signedData = new pkijs.SignedData({ schema: content })
    signedData.certificates = [certificate]
    expectVerified(await signedData.verify({ signer: 0, checkChain: false }))
  }
}

/** Makes the comparisons of the library. */
export const libraryComparisons = async ({
  warmUpMs,
  folder,
}: LibraryOptions): Promise<Comparison[]> => {
  const given = await createBenchEvidence()
  const { pkcs7, audience, trustAnchors, now, bareWeb, bareNode, bareEnrollment } = given
  const verify = (): Promise<unknown> =>
    verifyInstanceIdentity({ pkcs7 }, { audience, trustAnchors, now })
  const verifyNode = (): Promise<unknown> =>
    verifyInstanceIdentity({ pkcs7 }, { audience, trustAnchors, now, crypto: NODE_CRYPTO })

  /** Contenders of this process, and the ratios of their costs. */
  const inProcess = <Name extends string>(
    name: string,
    contenders: Readonly<Record<Name, Contender>>,
    ratiosOf: (costs: Readonly<Record<Name, number>>) => Ratios,
  ): Comparison => ({
    name,
    async open() {
      const { round } = await warmUp(contenders, warmUpMs)
      return { round: async () => ratiosOf(await round()) }
    },
  })

  return [
    inProcess(
      'verify, WebCrypto',
      { bare: awaited(async () => expectVerified(await bareWeb())), ours: awaited(verify) },
      ({ bare, ours }) => ({ verify_ratio: ours / bare }),
    ),
    inProcess(
      'verify, node:crypto',
      { bare: synchronous(() => expectVerified(bareNode())), ours: awaited(verifyNode) },
      ({ bare, ours }) => ({ verify_node_ratio: ours / bare }),
    ),
    inProcess(
      'enroll',
      { bare: synchronous(bareEnrollment), ours: enrollments(given) },
      ({ bare, ours }) => ({ enroll_ratio: ours / bare }),
    ),
    inProcess(
      'CMS libraries',
      {
        ours: awaited(verifyNode),
        asn1: awaited(asn1Cms(given)),
        pkijs: awaited(pkijsVerify(given)),
      },
      ({ ours, asn1, pkijs }) => ({ asn1_cms_ratio: asn1 / ours, pkijs_ratio: pkijs / ours }),
    ),
    {
      name: "Go's pkcs7",
      async open() {
        const { round } = await warmUp({ ours: awaited(verifyNode) }, warmUpMs)
        const { cost, close } = await startGoVerifier(folder, given)
        return {
          async round() {
            const { ours } = await round()
            return { go_pkcs7_ratio: (await cost()) / ours }
          },
          close,
        }
      },
    },
    {
      name: 'the openssl command',
      async open() {
        const verifyOnce = await prepareOpenssl(folder, given)
        await warmUp({ ours: awaited(verifyNode) }, warmUpMs)
        return {
          async round() {
            const began = performance.now()
            await verifyOnce()
            const between = performance.now()
            for (let i = 0; i < CALLS_BESIDE_OPENSSL; i++) await verifyNode()
            const ours = (performance.now() - between) / CALLS_BESIDE_OPENSSL
            return { openssl_ratio: (between - began) / ours }
          },
        }
      },
    },
  ]
}
