// 1,000 mutants of valid evidence, judged by us, by the openssl command and by pkijs. Nothing that we
// accept may be refused by openssl, and whatever openssl accepts and we refuse is refused by a rule.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as pkijs from 'pkijs'
import { expect, it } from 'vitest'
import { InstanceIdentityError, parseTrustAnchors } from '../../../src/index.ts'
import { nodeAt, parseDer } from '../../support/der-tree.ts'
import { type Mutant, mutate } from '../../support/mutants.ts'
import { opensslVerifies } from '../../support/openssl.ts'
import { CRYPTO_PORTS, verifyInstanceIdentity } from '../../support/every-crypto.ts'
import { pick, seededRandom } from '../../support/random.ts'
import { requireTool } from '../../support/requirements.ts'
import {
  type SignOptions,
  createTestCloud,
  documentText,
  withAudience,
} from '../../support/test-cloud.ts'

const MUTANTS = 1000
const AT_ONCE = 4
const SEED = Number(process.env['MUTANTS_SEED'] ?? 20_261_123)
const AUDIENCE = 'a-nonce'

const SHAPES: readonly SignOptions[] = [
  {},
  { hash: 'sha256' },
  { signedAttributes: true },
  { certificate: true },
  { detached: true },
]

/** Why openssl may accept what we refuse, by our code; every other difference is a defect. */
const RULES: Readonly<Record<string, string>> = {
  malformed_der: 'strict DER: BER and what strays from DER is refused',
  unsupported_structure:
    'one shape: version 1, id-data, one signer, no unsigned attributes, no CRLs',
  unsupported_algorithm: 'one digest, named alike in every place, parameters NULL or absent',
  signed_attributes_invalid: 'signed attributes: once each, in DER order',
  unknown_signer: 'the signer is named in the very bytes of the trust anchor, case included',
  document_malformed: 'the content is an identity document, read strictly',
}

interface Verdicts {
  readonly mutant: Mutant
  /** Our code, or `undefined` if we accept. */
  readonly ours: string | undefined
  readonly openssl: boolean
  readonly pkijs: boolean
}

const inBatches = async <Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index] as Item, index)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return results
}

/** Whether a mutant carries no content: openssl must be given it then, and only then. */
const isDetached = (bytes: Uint8Array): boolean => {
  try {
    return nodeAt(parseDer(bytes), 1, 0, 2).children?.length === 1
  } catch {
    return false
  }
}

const pkijsAccepts = async (
  der: Uint8Array,
  certificate: pkijs.Certificate,
  detached: Uint8Array<ArrayBuffer> | undefined,
): Promise<boolean> => {
  try {
    const { content } = pkijs.ContentInfo.fromBER(Uint8Array.from(der))
    const signedData = new pkijs.SignedData({ schema: content })
    // Never a certificate that the message brings along.
    signedData.certificates = [certificate]
    const data = detached === undefined ? {} : { data: detached.buffer }
    return await signedData.verify({ signer: 0, checkChain: false, ...data })
  } catch {
    return false
  }
}

it('verifyInstanceIdentity() accepts no mutant that openssl refuses, and says why it refuses more', async (context) => {
  requireTool(context, 'openssl', 'apt-get install openssl')
  const random = seededRandom(SEED)
  const cloud = await createTestCloud()
  const trustAnchors = await parseTrustAnchors(cloud.certificatePem)
  const certificate = pkijs.Certificate.fromBER(Uint8Array.from(cloud.certificateDer))
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-mutants-'))
  const certificateFile = join(folder, 'certificate.pem')
  const contentFile = join(folder, 'content')
  const document = documentText()
  const content = withAudience(document, AUDIENCE)
  writeFileSync(certificateFile, cloud.certificatePem)
  writeFileSync(contentFile, content)

  const bases = SHAPES.map((shape) => cloud.sign(content, shape))
  const mutants = Array.from({ length: MUTANTS }, () => mutate(pick(random, bases), random))

  const judge = async (mutant: Mutant, index: number): Promise<Verdicts> => {
    const file = join(folder, `${index}.der`)
    writeFileSync(file, mutant.der)
    const detached = isDetached(mutant.der)
    const evidence = { pkcs7: mutant.der, document }
    const ours = await verifyInstanceIdentity(evidence, { audience: AUDIENCE, trustAnchors }).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof InstanceIdentityError) return error.code
        throw error
      },
    )
    return {
      mutant,
      ours,
      openssl: await opensslVerifies(file, certificateFile, detached ? contentFile : undefined),
      pkijs: await pkijsAccepts(
        mutant.der,
        certificate,
        detached ? new TextEncoder().encode(content) : undefined,
      ),
    }
  }
  const verdicts = await inBatches(mutants, judge)
  rmSync(folder, { recursive: true })

  const count = (accepts: (verdict: Verdicts) => boolean): string => {
    const accepted = verdicts.filter(accepts).length
    return `${accepted} accepted, ${MUTANTS - accepted} refused`
  }
  const judges = {
    ours: (verdict: Verdicts) => verdict.ours === undefined,
    openssl: (verdict: Verdicts) => verdict.openssl,
    pkijs: (verdict: Verdicts) => verdict.pkijs,
  }
  const ports = CRYPTO_PORTS.map(([name]) => name).join(' and ')
  console.log(`${MUTANTS} mutants, MUTANTS_SEED=${SEED}, by ${ports}`)
  for (const [name, accepts] of Object.entries(judges)) {
    console.log(`  ${name.padEnd(8)} ${count(accepts)}`)
    expect(count(accepts)).not.toMatch(/^0 |, 0 /)
  }
  const stricter = verdicts.filter(({ ours, openssl }) => openssl && ours !== undefined)
  for (const [code, rule] of Object.entries(RULES)) {
    const because = stricter.filter(({ ours }) => ours === code).length
    if (because > 0) console.log(`  ${because} that openssl accepts are refused by: ${rule}`)
  }

  const named = (list: readonly Verdicts[]): string[] =>
    list.map(({ mutant, ours }) => `${mutant.change}: ${ours ?? 'accepted'}`)
  expect(named(verdicts.filter(({ ours, openssl }) => ours === undefined && !openssl))).toEqual([])
  expect(named(stricter.filter(({ ours }) => !(String(ours) in RULES)))).toEqual([])
}, 180_000)
