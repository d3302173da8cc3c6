// The CA of the stand-in cluster: it signs the certificate of the API server, those of administrators, and what a
// CertificateSigningRequest asks for.

import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { randomBytes, webcrypto } from 'node:crypto'

x509.cryptoProvider.set(webcrypto as Crypto)

const KEY = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000
const YEAR_MS = 365 * DAY_MS

/** A certificate and its key, both PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** What a certificate is for. */
export interface Purpose {
  readonly subject: x509.JsonName
  readonly publicKey: CryptoKey | x509.PublicKey
  readonly notBefore: Date
  readonly notAfter: Date
  /** `client auth`, `server auth`, `digital signature`, `key encipherment`. */
  readonly usages: readonly string[]
  readonly names?: x509.JsonGeneralNames
}

/** A CA. */
export interface Authority {
  /** Its certificate, PEM. */
  readonly cert: string
  /** Its key, PEM: for programs that sign by themselves. */
  readonly key: string
  /** @returns PEM */
  sign(purpose: Purpose): Promise<string>
  /** Makes a key and a certificate of a year. */
  issue(
    subject: x509.JsonName,
    usages: readonly string[],
    names?: x509.JsonGeneralNames,
  ): Promise<KeyPair>
}

const PURPOSES: Readonly<Record<string, string>> = {
  'client auth': x509.ExtendedKeyUsage.clientAuth,
  'server auth': x509.ExtendedKeyUsage.serverAuth,
}
const KEY_USAGES: Readonly<Record<string, x509.KeyUsageFlags>> = {
  'digital signature': x509.KeyUsageFlags.digitalSignature,
  'key encipherment': x509.KeyUsageFlags.keyEncipherment,
}

const newKeys = async (): Promise<CryptoKeyPair> =>
  (await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify'])) as CryptoKeyPair

const toPem = async (key: CryptoKey): Promise<string> =>
  x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')

const extensionsOf = ({ usages, names = [] }: Purpose): x509.Extension[] => {
  const flags = usages.reduce((all, usage) => all | (KEY_USAGES[usage] ?? 0), 0)
  const purposes = usages.flatMap((usage) => PURPOSES[usage] ?? [])
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(flags, true),
    new x509.ExtendedKeyUsageExtension(purposes),
    ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
  ]
}

/** Makes a CA of ten years. @param name its common name */
export const createAuthority = async (name = 'kubernetes (stand-in)'): Promise<Authority> => {
  const keys = await newKeys()
  const start = Date.now() - DAY_MS
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    notBefore: new Date(start),
    notAfter: new Date(start + 10 * YEAR_MS),
    signingAlgorithm: KEY,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature,
        true,
      ),
    ],
  })
  const authority: Authority = {
    cert: ca.toString('pem'),
    key: await toPem(keys.privateKey),
    async sign(purpose) {
      const { subject, publicKey, notBefore, notAfter } = purpose
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: `01${randomBytes(15).toString('hex')}`,
        subject,
        issuer: ca.subject,
        notBefore,
        notAfter,
        publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: KEY,
        extensions: extensionsOf(purpose),
      })
      return certificate.toString('pem')
    },
    async issue(subject, usages, names) {
      const { publicKey, privateKey } = await newKeys()
      const notBefore = new Date(start)
      const notAfter = new Date(start + YEAR_MS)
      const purpose = { subject, publicKey, notBefore, notAfter, usages }
      const cert = await authority.sign({ ...purpose, ...(names !== undefined && { names }) })
      return { cert, key: await toPem(privateKey) }
    },
  }
  return authority
}
