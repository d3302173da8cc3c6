// The key that a token can be bound to (RFC 9449): made once, kept in a file that only its owner can
// read, and proved at each enrollment.

import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { toBase64Url, utf8 } from '../../base/bytes.ts'
import type { PublicKey } from '../../token/public-key.ts'
import type { SigningKeys } from '../../token/signing-keys.ts'
import { say } from '../exit-status.ts'
import { loadPrivateKey } from '../private-key.ts'
import { inFolder } from '../run.ts'
import { cannotWrite, writeNewSecret } from '../secret-file.ts'

/** A key that can be proved. */
export interface DpopKey {
  /** RFC 7638 thumbprint, for `dpop_jkt` of the challenge. */
  readonly thumbprint: string
  /** Makes the `DPoP` header of `POST <uri>`. @param nonce the challenge */
  prove(uri: string, nonce: string): Promise<string>
}

const part = (members: object): string => toBase64Url(utf8(JSON.stringify(members)))

const dpopKeyOf = ({ signer, publicKeys }: SigningKeys): DpopKey => {
  const { jwk, thumbprint } = publicKeys[0] as PublicKey
  const { alg, subtle } = signer.algorithm
  return {
    thumbprint,
    async prove(uri, nonce) {
      const iat = Math.floor(Date.now() / 1000)
      const claims = { jti: randomUUID(), htm: 'POST', htu: uri, iat, nonce }
      const signed = `${part({ typ: 'dpop+jwt', alg, jwk })}.${part(claims)}`
      const signature = await crypto.subtle.sign(subtle, signer.key, utf8(signed))
      return `${signed}.${toBase64Url(new Uint8Array(signature))}`
    },
  }
}

const makeKey = async (path: string): Promise<void> => {
  const { generateSigningKeys } = await import('../../token/generate.ts')
  const json = JSON.stringify(await generateSigningKeys('ES256'))
  try {
    writeNewSecret(path, `${json}\n`)
    say(`made a key for DPoP, ${path}; keep it: it is this instance's`)
  } catch (error) {
    // Another one of us was faster: its key is as good.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw cannotWrite(error, path, '--dpop-key')
    }
  }
}

/** Loads the key of a file, which is made if it isn't there. @throws CommandError */
export const loadDpopKey = async (path: string): Promise<DpopKey> => {
  if (!existsSync(inFolder(path))) await makeKey(path)
  const hint = 'move it away, and a new key is made (under "same_key" the service will refuse it)'
  return dpopKeyOf(await loadPrivateKey(path, '--dpop-key', hint))
}
