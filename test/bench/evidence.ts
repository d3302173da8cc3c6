// What the contenders of the library work on: evidence in the shape of ECS, and keys.

import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hash,
  sign,
  verify,
} from 'node:crypto'
import { fromBase64 } from '../../src/base/bytes.ts'
import { readSignedData } from '../../src/codec/signed-data.ts'
import { type Enroller, createEnroller } from '../../src/enroll/enroller.ts'
import { parseTrustAnchors, verifyInstanceIdentity } from '../../src/index.ts'
import { createMemoryLedger } from '../../src/ledger/memory.ts'
import { NODE_CRYPTO } from '../../src/node/node-crypto.ts'
import { parsePolicy } from '../../src/policy/policy.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { parseSigningKeys } from '../../src/token/signing-keys.ts'
import type { PostedEvidence } from '../support/instance.ts'
import { admitting } from '../support/test-enroller.ts'
import { createTestCloud, documentText, withAudience } from '../support/test-cloud.ts'

/** Evidence is made once: what it leaves for the garbage collector must not be in the figures. */
const INSTANCES = 300

const ISSUER = 'https://rollcall.example'
/** As WebCrypto names what ECS signs with. */
export const PKCS1_SHA1 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1' }

/** Lengths of what is hashed for a challenge without a role and a key. */
const MAC_INPUT_BYTES = 79
const NAME_INPUT_BYTES = 48
const JTI_INPUT_BYTES = 36

/** Evidence over challenges of an enroller, and the bare cryptography for it. */
export const createBenchEvidence = async () => {
  const cloud = await createTestCloud()
  const trustAnchors = await parseTrustAnchors(cloud.certificatePem)
  const [anchor] = trustAnchors
  if (anchor === undefined) throw new Error('no trust anchor')
  const jwks = await generateSigningKeys('ES256')
  const signingKeys = await parseSigningKeys(jwks, { crypto: NODE_CRYPTO })
  const policy = parsePolicy(admitting())
  /** An enroller with Node's cryptography that has enrolled nothing. All of them know the challenges of each. */
  const newEnroller = (): Promise<Enroller> =>
    createEnroller({
      crypto: NODE_CRYPTO,
      issuer: ISSUER,
      policy,
      signingKeys,
      ledger: createMemoryLedger(0),
      trustAnchors,
      allowSha1: true,
      challengeLifetimeSeconds: 3600,
    })
  const now = Math.floor(Date.now() / 1000)
  const enroller = await newEnroller()
  const requests: PostedEvidence[] = []
  for (let instance = 0; instance < INSTANCES; instance++) {
    const { audience } = await enroller.challenge({}, now)
    const document = documentText({ 'instance-id': `i-${instance}` })
    const der = cloud.sign(withAudience(document, audience))
    requests.push({ document, pkcs7: Buffer.from(der).toString('base64') })
  }
  const [{ document, pkcs7 } = { document: '', pkcs7: '' }] = requests
  const { audience = null } = await verifyInstanceIdentity(
    { pkcs7 },
    { audience: null, trustAnchors, now },
  )
  const message = readSignedData(fromBase64(pkcs7) as Uint8Array<ArrayBuffer>)
  const content = Uint8Array.from(message.content as Uint8Array)
  const signature = Uint8Array.from(message.signer.signature)
  const webKey = await crypto.subtle.importKey('spki', anchor.publicKey, PKCS1_SHA1, false, [
    'verify',
  ])
  const publicKey = Buffer.from(anchor.publicKey)
  const nodeKey = createPublicKey({ key: publicKey, format: 'der', type: 'spki' })
  const [jwk = {}] = jwks.keys
  const privateKey = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
  const macKey = createSecretKey(Buffer.alloc(32, 1))
  const enrollment = await (await newEnroller()).enroll({ document, pkcs7 }, now)
  if (!enrollment.ok) throw new Error(`enroll() refused: ${enrollment.facts.reason}`)
  const { accessToken } = enrollment
  const signedPart = Buffer.from(accessToken.slice(0, accessToken.lastIndexOf('.')))

  const bareNode = (): boolean => verify('sha1', content, nodeKey, signature)
  return {
    cloud,
    jwks,
    trustAnchors,
    newEnroller,
    /** Evidence of as many instances, for the first enrollment of each by a new enroller. */
    requests,
    now,
    audience,
    document,
    pkcs7,
    webKey,
    /** A verification by WebCrypto, and nothing else. */
    bareWeb: (): Promise<boolean> =>
      crypto.subtle.verify(PKCS1_SHA1.name, webKey, signature, content),
    /** The same by node:crypto. */
    bareNode,
    /**
     * What no enrollment can do without, by the fastest calls of node:crypto and on as many bytes: the cloud's
     * signature, the MAC of the challenge, three digests (of the content, of what the challenge is for, of the
     * challenge for `jti`) and the token's signature.
     */
    bareEnrollment: (): Buffer => {
      if (!bareNode()) throw new Error('a signature that does not verify')
      createHmac('sha256', macKey).update(signature.subarray(0, MAC_INPUT_BYTES)).digest()
      hash('sha256', content, 'buffer')
      hash('sha256', content.subarray(0, NAME_INPUT_BYTES), 'buffer')
      hash('sha256', content.subarray(0, JTI_INPUT_BYTES), 'buffer')
      return sign('sha256', signedPart, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    },
  }
}

/** What {@link createBenchEvidence} gives. */
export type BenchEvidence = Awaited<ReturnType<typeof createBenchEvidence>>
