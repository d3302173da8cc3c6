// CertificateSigningRequests as a kubelet sends them, with a key and a PKCS#10 request made by openssl.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { KUBELET_CLIENT } from './certificate-requests.ts'

/** What is asked for. */
export interface RequestOptions {
  /** Of the object; also of the file of its key, `NAME.key`. */
  readonly name: string
  readonly commonName: string
  /** Default: `system:nodes`. */
  readonly organization?: string
  /** `subjectAltName` for openssl, such as `DNS:a,IP:10.0.0.1`. Default: none. */
  readonly names?: string
  /** Default: client certificates of kubelets. */
  readonly signerName?: string
  /** Default: those of a client certificate. */
  readonly usages?: readonly string[]
  readonly expirationSeconds?: number
}

/** Makes the object. The key is in the folder. */
export const requestOf = async (folder: string, options: RequestOptions): Promise<object> => {
  const { name, commonName, organization = 'system:nodes', names, expirationSeconds } = options
  const [key, request] = [join(folder, `${name}.key`), join(folder, `${name}.csr`)]
  const extension = names === undefined ? [] : ['-addext', `subjectAltName=${names}`]
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key]
  const subject = ['-subj', `/O=${organization}/CN=${commonName}`]
  const args = ['req', '-new', ...newKey, '-out', request, ...subject, ...extension]
  await promisify(execFile)('openssl', args)
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      request: readFileSync(request).toString('base64'),
      signerName: options.signerName ?? KUBELET_CLIENT,
      usages: options.usages ?? ['digital signature', 'client auth'],
      ...(expirationSeconds !== undefined && { expirationSeconds }),
    },
  }
}
