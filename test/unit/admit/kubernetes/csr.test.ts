// The request inside a CertificateSigningRequest: what is read, and that every key and hash of Kubernetes verifies.

import { describe, expect, it } from 'vitest'
import { readCsr } from '../../../../src/admit/kubernetes/csr.ts'
import {
  type KeyKind,
  type RequestParts,
  addressName,
  dnsName,
  emailName,
  nodeSubject,
  requestDer,
  toPem,
  toRequest,
} from '../../../support/certificate-requests.ts'
import { encodeDer, integer, nodeAt, sequence } from '../../../support/der-tree.ts'

const PARTS: RequestParts = {
  subject: nodeSubject('cn-hangzhou.i-1'),
  names: [dnsName('CN-hangzhou.i-1'), addressName(10, 0, 0, 5), emailName('a@b')],
}

const read = async (parts: Partial<RequestParts> = {}) =>
  readCsr(toRequest(toPem(await requestDer({ ...PARTS, ...parts }))))

describe('readCsr()', () => {
  it('reads the subject, and the names as they are written', async () => {
    expect(await read()).toEqual({
      ok: true,
      value: {
        organization: 'system:nodes',
        commonName: 'system:node:cn-hangzhou.i-1',
        dnsNames: ['CN-hangzhou.i-1'],
        addresses: ['10.0.0.5'],
        others: ['email'],
      },
    })
  })

  const ec: KeyKind[] = ['P-256', 'P-384', 'P-521', 'RSA-2048', 'RSA-4096']
  const hashes = ['SHA-256', 'SHA-384', 'SHA-512'] as const
  it.each(ec.flatMap((key) => hashes.map((hash) => [key, hash] as const)))(
    'verifies a signature by %s with %s, and not of a changed request',
    async (key, hash) => {
      // Some signatures of ECDSA have a shorter r or s.
      for (let run = 0; run < (key === 'P-256' ? 20 : 1); run++) {
        expect(await read({ key, hash })).toMatchObject({ ok: true })
      }
      const change: RequestParts['change'] = (root) =>
        void nodeAt(root, 0, 1, 0, 0, 1).contents?.set([0x53])
      expect(await read({ key, hash, change })).toMatchObject({
        refusal: { reason: 'SignatureInvalid' },
      })
    },
  )

  it.each<[string, RequestParts['change'], string]>([
    [
      'an r of 33 bytes',
      (root) =>
        void (nodeAt(root, 2).contents = Uint8Array.of(
          0,
          ...encodeDer(sequence(integer(...Array.from({ length: 33 }, () => 1)), integer(1))),
        )),
      'SignatureInvalid',
    ],
    [
      'a negative r',
      (root) =>
        void (nodeAt(root, 2).contents = Uint8Array.of(
          0,
          ...encodeDer(sequence(integer(0x80), integer(1))),
        )),
      'RequestMalformed',
    ],
    [
      'r and s of zero',
      (root) =>
        void (nodeAt(root, 2).contents = Uint8Array.of(
          0,
          ...encodeDer(sequence(integer(0), integer(0))),
        )),
      'SignatureInvalid',
    ],
    [
      'three integers',
      (root) =>
        void (nodeAt(root, 2).contents = Uint8Array.of(
          0,
          ...encodeDer(sequence(integer(1), integer(1), integer(1))),
        )),
      'RequestMalformed',
    ],
    [
      'an empty signature',
      (root) => void (nodeAt(root, 2).contents = Uint8Array.of(0)),
      'RequestMalformed',
    ],
  ])('refuses a signature of ECDSA with %s', async (_, change, reason) => {
    expect(await read({ change } as Partial<RequestParts>)).toMatchObject({ refusal: { reason } })
  })

  it('says where strict DER ends', async () => {
    const der = await requestDer(PARTS)
    const cut = await readCsr(toRequest(toPem(der.subarray(0, -1))))
    expect(cut).toMatchObject({
      ok: false,
      refusal: {
        reason: 'RequestMalformed',
        detail: 'is not a strict PKCS #10 request: length beyond the end',
      },
    })
  })
})
