// The cloud of a storm: it signs as ECS does, and a forger has a key of his own under the same name and serial number.
// The signatures are made on the threads of the platform's cryptography.

import { utf8 } from '../../src/base/bytes.ts'
import { signMessage } from '../../src/emulator/sign-message.ts'
import {
  createSigningIdentity,
  generateSigningKeyPair,
  randomSerialNumber,
} from '../../src/emulator/signing-identity.ts'
import type { Evidence } from '../../src/metadata/index.ts'
import { withAudience } from '../support/test-cloud.ts'

/** Signs a document for an audience. */
export type Sign = (document: string, audience: string) => Promise<Evidence>

/** See {@link createCloud}. */
export interface Cloud {
  /** The certificate that the service trusts. */
  readonly certificatePem: string
  /** Evidence as ECS makes it. */
  readonly sign: Sign
  /** The same, but another key signs. */
  readonly forge: Sign
}

/** Makes a cloud and its forger. */
export const createCloud = async (): Promise<Cloud> => {
  const serialNumber = randomSerialNumber()
  const now = Math.floor(Date.now() / 1000)
  const newIdentity = async () =>
    createSigningIdentity(await generateSigningKeyPair(), serialNumber, now)
  const [trusted, forger] = await Promise.all([newIdentity(), newIdentity()])
  const signBy =
    (identity: typeof trusted): Sign =>
    async (document, audience) => ({
      document,
      pkcs7: Buffer.from(
        await signMessage(utf8(withAudience(document, audience)), identity),
      ).toString('base64'),
    })
  return { certificatePem: trusted.certificatePem, sign: signBy(trusted), forge: signBy(forger) }
}
