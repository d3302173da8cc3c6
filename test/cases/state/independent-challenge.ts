// Challenges as the contract describes them, made with node:crypto: a second implementation, and the way
// to one that expired an hour ago.

import { createHash, createHmac, randomBytes } from 'node:crypto'

/** What a challenge is made of. */
export interface ChallengeParts {
  readonly issuer: string
  readonly role?: string | undefined
  readonly jkt?: string | undefined
  /** 32 bytes. */
  readonly key: Buffer
  /** Unix seconds. */
  readonly expiresAt: number
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** The half that anybody can compute. */
export const nameOf = ({
  issuer,
  role = '',
  jkt = '',
}: Omit<ChallengeParts, 'key' | 'expiresAt'>) =>
  createHash('sha256')
    .update(`rollcall-audience-v1\n${issuer}\n${role}\n${jkt}\n`)
    .digest()
    .subarray(0, 24)
    .toString('base64url')

/** Makes a challenge. */
export const makeChallenge = (parts: ChallengeParts): string => {
  const { issuer, role = '', jkt = '', key, expiresAt } = parts
  const random = randomBytes(6)
  const mac = createHmac('sha256', key)
  const texts = ['rollcall-challenge-v1', issuer, uint32(expiresAt), random, role, jkt]
  for (const each of texts) mac.update(uint32(Buffer.from(each).length)).update(each)
  const secret = Buffer.concat([uint32(expiresAt), random, mac.digest().subarray(0, 14)])
  return nameOf(parts) + secret.toString('base64url')
}
