// Whether an implementation of cryptography can verify what ECS signs, found out before any evidence comes. The
// OpenSSL of some distributions refuses SHA-1 signatures by policy, and would refuse all evidence of today.
//
// Made with OpenSSL 3, with a key of 2048 bits that was then deleted:
//   openssl genrsa -out k.pem 2048; openssl rsa -in k.pem -pubout -outform DER | base64
//   printf rollcall | openssl dgst -sha1 -sign k.pem | base64        (and -sha256)

import { type Bytes, fromBase64, utf8 } from '../base/bytes.ts'
import type { CryptoPort, HashName } from '../base/crypto.ts'
import { ConfigurationError } from '../base/errors.ts'
import { type Result, accept, refuse } from '../base/result.ts'

const decoded = (text: string): Bytes => fromBase64(text) as Bytes

const MESSAGE = 'rollcall'

/** SubjectPublicKeyInfo, DER. */
const PUBLIC_KEY =
  'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvJAJKiGah3jcQz80ISYlE4BFa5RS/MyJ0bYXluZakIrb' +
  'M/E0eXn2Qpg4lpXCXNhk2KgJWHVirPzlZZH/ZhO9lXOsPkvADXrotNzMfPvV+hCNdKVwzqYeFc39NOTRtkVPleBQ' +
  'WtnoFYC8J3Ywq/E2EmIrXAhATd0w+yCLmDoGyTjwhNt491E9KMKSiVAvNGVi+yHb9ZF1SkuhtqGSHki9sdwn5WHw' +
  'QWsXyo7/q8iZrPaZk7fkVxCT2jfFZBYGflzuD1Wk4o/S4737so3KkFYS6VpfIjBEBstNQ0U6BBx/MAVIWFfythf+' +
  'c7txkPnRruXbtB1z71MOxOicL/TUwRghCwIDAQAB'

/** Of {@link MESSAGE}, RSASSA-PKCS1-v1_5. */
const SHA1_SIGNATURE =
  'VqZJbagV47z3kbVfSETLaqluSz/ymtnPwcV0f9+OUYBRkjj+8TI5WPllWDYOFAzEFm2xvBYY8j5HhRdq5itQpPxZ' +
  'G/QH3xXghsrCOdPikVfFmIoz7zttGKgU0wcoQXfh0Txyxgf6nOZV+JR3ZJ1TIntG01JWXxdAvXkXDMt/M9LJ/eU0' +
  'T8s5zRUS/QSWzg9o8okWC6ET51ibTMW8ep9zIHOcSN0+km7uQg66dcG2W6Y+S7tKbjTG/UXp3wTtsDj2r+yuqqJ/' +
  'pmZIyKHqdpwD6Oc43908SSaf2ol+Wm+gB49aK06yYhA0f5Eso0EpV//Bongdxejnz33YV0DqHqpkug=='

const SHA256_SIGNATURE =
  'ba46pcZKWDgiAkblWZoCv49nAS1/9WWca3gm0ObrIsgZmMxXsx93CudwU6AF2jO4TQmdg7aGblA6CWduEphhibyO' +
  'RU3FKmfbK9qjuboX+Gw9pkzWio35xqkiqZQ7XceVUv0CuLRgLb/8cIyZObXZwz25K52iGOoU5SJcumAoraF6Rp7l' +
  'iQfOiJKDJI1I4sIswSVe+gbiN1cwp0pavgw41ffLQt+aKgEnBIgGEDWxmOJd1yDWpm+SWOLSHppgJjVhwAc9dik2' +
  'HPVdv/bsW7G5imO0dn1e03HXUzgNiv75jq5oogiVAvvENdDfVOx46/AILjXfIezFB4czh9f7KH8oLQ=='

/** Whether the implementation accepts the signature, and refuses it for another message. */
const verifiesKnown = async (
  crypto: CryptoPort,
  hash: HashName,
  signature: string,
): Promise<boolean> => {
  const verify = await crypto.rsaVerifier(decoded(PUBLIC_KEY), hash)
  const bytes = decoded(signature)
  return (await verify(bytes, utf8(MESSAGE))) && !(await verify(bytes, utf8('another')))
}

/**
 * Verifies one fixed signature with SHA-256, and one with SHA-1 where SHA-1 is accepted.
 * @returns a refusal if the platform judges one wrongly: another try would give the same. It says what to do
 * @throws ConfigurationError if the platform fails to judge one, which may pass; it says what to do
 */
export const checkKnownSignatures = async (
  crypto: CryptoPort,
  allowSha1: boolean,
): Promise<Result<true, ConfigurationError>> => {
  const known: readonly (readonly [HashName, string, string])[] = [
    [
      'SHA-256',
      SHA256_SIGNATURE,
      `${crypto.name} fails to verify a known RSA signature with SHA-256; check the OpenSSL of this system and its policy`,
    ],
    [
      'SHA-1',
      SHA1_SIGNATURE,
      `${crypto.name} rejects SHA-1 signatures, which ECS makes; set rh-allow-sha1-signatures = yes in OpenSSL's ` +
        'configuration, or run update-crypto-policies --set DEFAULT:SHA1',
    ],
  ]
  for (const [hash, signature, problem] of allowSha1 ? known : known.slice(0, 1)) {
    const error = new ConfigurationError([problem])
    const verdict = await verifiesKnown(crypto, hash, signature).catch(() => undefined)
    if (verdict === undefined) throw error
    if (!verdict) return refuse(error)
  }
  return accept(true)
}
