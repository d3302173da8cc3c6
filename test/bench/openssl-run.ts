// The openssl command that Alibaba Cloud's documentation shows for an instance's signature, as a process.

import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findTool } from '../support/requirements.ts'
import type { BenchEvidence } from './evidence.ts'
import { SkippedError } from './skipped.ts'

/**
 * Writes the files that the command reads.
 * @returns runs the command; rejects if it does not verify the signature
 * @throws SkippedError without openssl
 */
export const prepareOpenssl = async (
  folder: string,
  { cloud, pkcs7 }: Pick<BenchEvidence, 'cloud' | 'pkcs7'>,
): Promise<() => Promise<unknown>> => {
  const openssl = findTool('openssl')
  if (openssl === undefined) throw new SkippedError('openssl is not installed')
  const message = join(folder, 'pkcs7.pem')
  const certificate = join(folder, 'certificate.pem')
  const lines = pkcs7.match(/.{1,64}/g) ?? []
  writeFileSync(message, ['-----BEGIN PKCS7-----', ...lines, '-----END PKCS7-----', ''].join('\n'))
  writeFileSync(certificate, cloud.certificatePem)
  const args = ['-in', message, '-inform', 'PEM', '-certfile', certificate, '-noverify']
  return () => promisify(execFile)(openssl, ['smime', '-verify', ...args])
}
