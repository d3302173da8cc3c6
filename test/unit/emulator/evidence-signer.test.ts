// What the emulator signs: the exact shape of ECS, and each shape and fault that can be asked for, as
// openssl and this project's verification see it.

import { beforeAll, describe, expect, it } from 'vitest'
import { decodePkcs7 } from '../../../src/codec/pem.ts'
import {
  type InstanceIdentity,
  type TrustAnchor,
  parseTrustAnchors,
  verifyInstanceIdentity,
} from '../../../src/index.ts'
import { type MetadataEmulator } from '../../../src/emulator/index.ts'
import { type DerNode, nodeAt, parseDer } from '../../support/der-tree.ts'
import { type TestCloud, createTestCloud } from '../../support/test-cloud.ts'
import {
  DOCUMENT,
  PKCS7,
  ask,
  askText,
  runWithFiles,
  verifyWithOpenssl,
} from '../../support/metadata-tools.ts'
import { requireTool } from '../../support/requirements.ts'
import { createTestEmulator } from '../../support/test-emulator.ts'

// From the documentation of ECS, "Use instance identities" (document 67254): the sample's beginning.
const SAMPLE =
  'MIIDJwYJKoZIhvcNAQcCoIIDGDCCAxQCAQExCzAJBgUrDgMCGgUAMIIBYQYJKoZIhvcNAQcBoIIBUgSCAU57InpvbmUtaWQi'
const SAMPLE_CONTENT_BYTES = 334
const SAMPLE_BYTES = 811

const AUDIENCE = 'a-nonce-of-ours'

const getDer = async (emulator: MetadataEmulator, path: string): Promise<Uint8Array> =>
  decodePkcs7(await askText(emulator, path))

/** Each tag and length, without the contents. */
type Shape = [tag: number, inside: number | Shape[]]
const shapeOf = ({ tag, contents, children = [] }: DerNode): Shape => [
  tag,
  contents === undefined ? children.map(shapeOf) : contents.length,
]

describe('the signature of an emulated instance', () => {
  let emulator: MetadataEmulator
  let trustAnchors: TrustAnchor[]
  let cloud: TestCloud

  beforeAll(async () => {
    emulator = await createTestEmulator({ instances: 20, seed: 'shape' })
    trustAnchors = await parseTrustAnchors(emulator.certificatePem)
    cloud = await createTestCloud()
  })

  it('is bare base64 on one line, made anew for each audience', async () => {
    const [first, second] = [`${PKCS7}?audience=a`, `${PKCS7}?audience=b`]
    expect(await askText(emulator, first)).toMatch(/^[A-Za-z0-9+/]+=*$/)
    expect(await askText(emulator, first)).not.toBe(await askText(emulator, second))
  })

  it('is as long as the sample of the documentation and begins like it', async () => {
    for (const { instanceId, document } of emulator.instances) {
      const missing = SAMPLE_CONTENT_BYTES - `${JSON.stringify(document)},"audience":""`.length
      const audience = 'x'.repeat(missing)
      const der = await getDer(emulator, `/instances/${instanceId}${PKCS7}?audience=${audience}`)
      expect(der.length).toBe(SAMPLE_BYTES)
      const beginning = Buffer.from(SAMPLE, 'base64').subarray(0, 70)
      expect(Buffer.from(der).subarray(0, 70).equals(beginning)).toBe(true)
    }
  })

  it('has each tag and length of what openssl signs', async (context) => {
    requireTool(context, 'openssl', 'apt-get install openssl')
    const content = (await askText(emulator, DOCUMENT)).replace('}', `,"audience":"${AUDIENCE}"}`)
    const args =
      'smime -sign -nodetach -nocerts -noattr -md sha1 -binary -signer cert -inkey key -in content -outform DER'
    const theirs = runWithFiles('openssl', args.split(' '), {
      cert: cloud.certificatePem,
      key: cloud.key.export({ type: 'pkcs8', format: 'pem' }),
      content,
    })
    const ours = await getDer(emulator, `${PKCS7}?audience=${AUDIENCE}`)
    expect(shapeOf(parseDer(ours))).toEqual(shapeOf(parseDer(theirs)))
  })

  it('is accepted by openssl, and covers the audience before the last brace', async (context) => {
    requireTool(context, 'openssl', 'apt-get install openssl')
    for (const { instanceId, document } of emulator.instances.slice(0, 3)) {
      const path = `/instances/${instanceId}${PKCS7}`
      const withAudience = await getDer(emulator, `${path}?audience=${AUDIENCE}`)
      expect(verifyWithOpenssl(withAudience, emulator.certificatePem)).toBe(
        JSON.stringify({ ...document, audience: AUDIENCE }),
      )
      for (const without of [path, `${path}?audience=`]) {
        const content = verifyWithOpenssl(await getDer(emulator, without), emulator.certificatePem)
        expect(content).toBe(JSON.stringify(document))
      }
    }
  })

  it('is accepted by verifyInstanceIdentity() as that instance', async () => {
    for (const { instanceId, document } of emulator.instances) {
      const pkcs7 = await askText(emulator, `/instances/${instanceId}${PKCS7}?audience=${AUDIENCE}`)
      const evidence = { pkcs7, document: JSON.stringify(document) }
      const options = { audience: AUDIENCE, trustAnchors }
      const identity = await verifyInstanceIdentity(evidence, options)
      expect(identity).toMatchObject({ instanceId, serialNumber: document['serial-number'] })
    }
  })

  it('is refused by a service that trusts the real cloud', async () => {
    const pkcs7 = await askText(emulator, `${PKCS7}?audience=${AUDIENCE}`)
    await expect(verifyInstanceIdentity({ pkcs7 }, { audience: AUDIENCE })).rejects.toMatchObject({
      code: 'unknown_signer',
    })
  })

  it('covers an audience as JSON has it, whatever is in it', async () => {
    const audience = '{"aud":"x","signingTime":1}\\\n\u2028 +&é'
    const der = await getDer(emulator, `${PKCS7}?audience=${encodeURIComponent(audience)}`)
    const content = nodeAt(parseDer(der), 1, 0, 2, 1, 0).contents as Uint8Array
    const document = emulator.instances[0]?.document
    expect(JSON.parse(new TextDecoder().decode(content))).toEqual({ ...document, audience })
  })
})

/** The evidence of an emulator with faults, and what judges it. */
const withFaults = async (...faults: string[]) => {
  const emulator = await createTestEmulator({ seed: 'faults', faults })
  const trustAnchors = await parseTrustAnchors(emulator.certificatePem)
  const document = await askText(emulator, DOCUMENT)
  const getPkcs7 = async (audience = AUDIENCE): Promise<string> =>
    (await ask(emulator, `${PKCS7}?audience=${encodeURIComponent(audience)}`)).text()
  const pkcs7 = await getPkcs7()
  const tree = parseDer(decodePkcs7(pkcs7))
  const signedData = nodeAt(tree, 1, 0)
  const verify = (evidence = {}, options = {}): Promise<InstanceIdentity> =>
    verifyInstanceIdentity(
      { pkcs7, document, ...evidence },
      { audience: AUDIENCE, trustAnchors, ...options },
    )
  const instanceId = emulator.instances[0]?.instanceId
  const signerInfo = nodeAt(signedData, -1, 0)
  return { emulator, document, getPkcs7, pkcs7, signedData, signerInfo, verify, instanceId }
}

describe('a fault of the emulator', () => {
  it('certificate puts the certificate in', async () => {
    const { emulator, signedData, verify, instanceId } = await withFaults('certificate')
    const expected = parseDer(decodePkcs7(emulator.certificatePem))
    expect(nodeAt(signedData, 3)).toEqual({ tag: 0xa0, children: [expected] })
    expect(await verify()).toMatchObject({ instanceId })
  })

  it('signed-attributes signs three attributes in place of the content', async () => {
    const { signerInfo, verify, instanceId } = await withFaults('signed-attributes')
    expect(nodeAt(signerInfo, 3)).toMatchObject({ tag: 0xa0, children: { length: 3 } })
    expect(await verify()).toMatchObject({ instanceId })
  })

  it('sha256 signs with SHA-256, and nothing says SHA-1', async () => {
    const { verify, instanceId } = await withFaults('sha256')
    expect(await verify({}, { allowSha1: false })).toMatchObject({ instanceId })
    const normal = await withFaults()
    const refusal = { code: 'unsupported_algorithm' }
    await expect(normal.verify({}, { allowSha1: false })).rejects.toMatchObject(refusal)
  })

  it('wrapped wraps the text after 76 characters', async () => {
    const { pkcs7, verify, instanceId } = await withFaults('wrapped')
    expect(pkcs7).toMatch(/^(?:[A-Za-z0-9+/]{76}\n)+[A-Za-z0-9+/=]{1,76}$/)
    expect(await verify()).toMatchObject({ instanceId })
  })

  it('detached leaves the content out', async () => {
    const { signedData, verify, instanceId } = await withFaults('detached')
    expect(nodeAt(signedData, 2).children?.length).toBe(1)
    expect(await verify()).toMatchObject({ instanceId, audience: AUDIENCE })
    await expect(verify({ document: undefined })).rejects.toMatchObject({ code: 'content_missing' })
  })

  it('can be had together with others', async () => {
    const all = ['certificate', 'signed-attributes', 'sha256', 'wrapped', 'detached']
    const { pkcs7, signedData, signerInfo, verify, instanceId } = await withFaults(...all)
    expect(pkcs7).toContain('\n')
    expect(signedData.children?.length).toBe(5)
    expect(nodeAt(signedData, 2).children?.length).toBe(1)
    expect(signerInfo.children?.length).toBe(6)
    expect(await verify({}, { allowSha1: false })).toMatchObject({ instanceId })
  })

  it('wrong-key gives itself away by nothing but the signature', async () => {
    const { signedData, verify } = await withFaults('wrong-key')
    const normal = await withFaults()
    expect(shapeOf(signedData)).toEqual(shapeOf(normal.signedData))
    await expect(verify()).rejects.toMatchObject({ code: 'signature_invalid' })
  })

  it('wrong-key with certificate is a forgery complete with a certificate', async () => {
    const { emulator, signedData, verify } = await withFaults('wrong-key', 'certificate')
    const forged = nodeAt(signedData, 3, 0)
    const trusted = parseDer(decodePkcs7(emulator.certificatePem))
    for (const part of [1, 3, 5]) expect(nodeAt(forged, 0, part)).toEqual(nodeAt(trusted, 0, part))
    expect(nodeAt(forged, 0, 6)).not.toEqual(nodeAt(trusted, 0, 6))
    await expect(verify()).rejects.toMatchObject({ code: 'signature_invalid' })
  })

  it('unescaped-audience signs any field that the caller writes', async () => {
    const audience = 'x","instance-id":"i-victim'
    const faulty = await withFaults('unescaped-audience')
    const pkcs7 = await faulty.getPkcs7(audience)
    const content = nodeAt(parseDer(decodePkcs7(pkcs7)), 1, 0, 2, 1, 0).contents as Uint8Array
    const naive = JSON.parse(new TextDecoder().decode(content)) as Record<string, string>
    expect(naive['instance-id']).toBe('i-victim')

    for (const demanded of ['x', undefined]) {
      const evidence = { pkcs7, document: undefined, audience: demanded }
      await expect(faulty.verify(evidence)).rejects.toMatchObject({ code: 'document_malformed' })
    }
    expect(await faulty.verify()).toMatchObject({ instanceId: faulty.instanceId })
  })
})
