// Key binding (RFC 9449): tokens of a key that was proved, and every way to come without its proof.

import { type JWK, SignJWT } from 'jose'
import { randomUUID } from 'node:crypto'
import { type IncomingMessage, createServer, request as httpRequest } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type Answer,
  evidenceRefused,
  expectEnrolled,
  expectRefused,
  expectRetryOf,
  notAdmitted,
  proofRefused,
} from './answer.ts'
import { KEY_FORGERIES } from './dpop-key-refusals.ts'
import { CLAIM_FORGERIES } from './dpop-refusals.ts'
import { ALGORITHMS, type TestKey, makeKey } from './independent-jws.ts'
import { PRODUCERS, makeProof } from './proofs.ts'
import { type Attempt, type StateService } from './state-service.ts'
import { ISSUER, STRANGER } from './constants.ts'

/** Declares the tests. */
export const describeKeyBinding = (service: () => StateService): void => {
  let key: TestKey
  let other: TestKey
  beforeAll(async () => {
    key = await makeKey()
    other = await makeKey()
  })

  const begin = (role = 'bound', withKey: TestKey | undefined = key): Promise<Attempt> =>
    service().begin(service().newInstance(), { role, key: withKey })
  const keyless = (role: string): Promise<Attempt> =>
    service().begin(service().newInstance(), { role })
  const post = (attempt: Attempt, proof?: string): Promise<Answer> =>
    service().post(proof === undefined ? attempt : { ...attempt, proof })

  const expectProofRefused = async (answer: Answer, reason: string): Promise<void> => {
    await expectRefused(answer, proofRefused(reason))
    expect(answer.headers.get('WWW-Authenticate')).toBe('DPoP error="invalid_dpop_proof"')
  }

  /** Sends headers as they stand, twice if need be. @returns status and code */
  const postRaw = async (
    { evidence, role }: Attempt,
    headers: Readonly<Record<string, string | readonly string[]>>,
  ): Promise<{ status: number | undefined; code: unknown }> => {
    const body = new URLSearchParams({ ...evidence, role: String(role) }).toString()
    const request = httpRequest(`${service().url}/v1/enroll`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    })
    request.end(body)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of response) text += String(chunk)
    const { code } = JSON.parse(text) as { code?: unknown }
    return { status: response.statusCode, code }
  }

  describe.each(PRODUCERS)('POST /v1/enroll, given a proof by %s,', (_, make) => {
    it.each(ALGORITHMS)(
      'binds the token to a key of %s, and a new proof is a retry',
      async (alg) => {
        const own = await makeKey(alg)
        const attempt = await begin('bound', own)
        const proofs = [
          await make(own, ISSUER, attempt.audience),
          await make(own, ISSUER, attempt.audience),
        ]
        const [proof = '', another = ''] = proofs
        expect(proof).not.toBe(another)
        const claims = await expectEnrolled(await post(attempt, proof))
        expect(claims).toMatchObject({ cnf: { jkt: own.thumbprint }, role: 'bound' })
        await expectRetryOf(await post(attempt, another), claims)
        await expectRetryOf(await post(attempt, proof), claims)
      },
    )
  })

  describe('POST /v1/enroll, given a proof by an Ed25519 key,', () => {
    it.each(['EdDSA', 'Ed25519'])('takes the alg %s, by either producer', async (alg) => {
      const own = await makeKey('EdDSA')
      const attempt = await begin('bound', own)
      const byHand = makeProof(own, ISSUER, attempt.audience, { header: { alg } })
      const claims = await expectEnrolled(await post(attempt, byHand))
      expect(claims).toMatchObject({ cnf: { jkt: own.thumbprint } })
      const byJose = await new SignJWT({
        jti: randomUUID(),
        htm: 'POST',
        htu: `${ISSUER}/v1/enroll`,
        nonce: attempt.audience,
      })
        .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk: own.jwk as JWK })
        .setIssuedAt()
        .sign(own.privateKey)
      await expectRetryOf(await post(attempt, byJose), claims)
    })
  })

  describe('POST /v1/enroll', () => {
    it.each([...CLAIM_FORGERIES, ...KEY_FORGERIES])(
      'refuses a proof with %s',
      async (_, forge, expected) => {
        const attempt = await begin()
        const otherNonce = await service().challenge('bound', key.thumbprint)
        const parts = { key, other, nonce: attempt.audience, otherNonce, url: service().url }
        const answer = await post(attempt, forge(parts))
        await expectRefused(answer, expected)
        expect(answer.headers.get('WWW-Authenticate')).toBe('DPoP error="invalid_dpop_proof"')
        await expectEnrolled(await post(attempt))
      },
    )

    it.each([0, -1, 1.5, 1e21, 4_102_444_800])(
      'takes the iat %s: clocks are wrong',
      async (iat) => {
        const attempt = await begin()
        const proof = makeProof(key, ISSUER, attempt.audience, { claims: { iat } })
        await expectEnrolled(await post(attempt, proof))
      },
    )

    it('refuses a challenge for a key without a proof, under every role', async () => {
      for (const role of ['bound', 'always', 'never', 'same-key', 'new-image']) {
        const attempt = await begin(role)
        const bare = { ...attempt, proof: undefined }
        await expectRefused(await post(bare), evidenceRefused('challenge_for_another'))
        await expectEnrolled(await post(attempt))
        await expectRefused(await post(bare), evidenceRefused('challenge_for_another'))
      }
    })

    it('refuses a proof with a challenge for no key, under every role', async () => {
      for (const role of ['bound', 'always', 'never', 'same-key', 'new-image']) {
        const attempt = await keyless(role)
        const proof = makeProof(key, ISSUER, attempt.audience)
        await expectRefused(await post(attempt, proof), evidenceRefused('challenge_for_another'))
        if (role !== 'bound' && role !== 'same-key') await expectEnrolled(await post(attempt))
      }
    })

    it('refuses a proof of another key, before and after the right one', async () => {
      const attempt = await begin()
      const stolen = makeProof(other, ISSUER, attempt.audience)
      await expectProofRefused(await post(attempt, stolen), 'dpop_key_not_of_challenge')
      const claims = await expectEnrolled(await post(attempt))
      await expectProofRefused(await post(attempt, stolen), 'dpop_key_not_of_challenge')
      await expectRetryOf(await post(attempt), claims)
    })

    it('refuses an instance without a key in a role that requires one, and stores nothing about it', async () => {
      const attempt = await keyless('bound')
      const event = await expectRefused(await post(attempt), notAdmitted('key_not_proved'))
      expect(event).toMatchObject({ rule: 'roles.bound.binding', role: 'bound' })
      await expectRefused(await post(attempt), notAdmitted('key_not_proved'))
    })

    it('gives a key to a role that needs none', async () => {
      const claims = await expectEnrolled(await post(await begin('always')))
      expect(claims['cnf']).toEqual({ jkt: key.thumbprint })
    })

    it('refuses a proof that is replayed with other evidence', async () => {
      const attempt = await begin()
      const claims = await expectEnrolled(await post(attempt))
      const fresh = await begin()
      await expectProofRefused(await post(fresh, attempt.proof), 'dpop_nonce_mismatch')
      // The same challenge, so that the proof is right; but it is spent on what it came with.
      const { audience } = attempt
      const thief = await service().begin(service().newInstance(), { role: 'bound', key, audience })
      await expectRefused(await post(thief, attempt.proof), evidenceRefused('challenge_spent'))
      await expectRetryOf(await post(attempt), claims)
      await expectEnrolled(await post(fresh))
    })

    it('follows nothing that a proof names: jku, x5u and kid are ignored', async () => {
      const paths: unknown[] = []
      const server = createServer(({ url }, response) => {
        paths.push(url)
        response.setHeader('Content-Type', 'application/json')
        response.end(JSON.stringify({ keys: [key.jwk] }))
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const links = { jku: `${base}/jku`, x5u: `${base}/x5u`, kid: '../../etc/passwd', x5c: ['AA'] }
      try {
        const attempt = await begin()
        const lost = { ...links, jwk: undefined }
        const without = makeProof(key, ISSUER, attempt.audience, { header: lost })
        await expectProofRefused(await post(attempt, without), 'dpop_key_refused')
        const proof = makeProof(key, ISSUER, attempt.audience, { header: links })
        const claims = await expectEnrolled(await post(attempt, proof))
        expect(claims['cnf']).toEqual({ jkt: key.thumbprint })
        expect(paths).toEqual([])
      } finally {
        server.close()
      }
    })

    it('refuses two DPoP headers, whatever is in the other one', async () => {
      const attempt = await begin()
      const proof = String(attempt.proof)
      const second = makeProof(other, ISSUER, attempt.audience)
      for (const DPoP of [
        [proof, proof],
        [proof, second],
        [second, proof],
        ['x', proof],
      ]) {
        const answer = await postRaw(attempt, { DPoP })
        expect(answer).toEqual({ status: 401, code: 'invalid_dpop_proof' })
      }
      expect(await postRaw(attempt, { DPoP: proof })).toEqual({ status: 200, code: undefined })
    })

    it('refuses a header that is there and empty', async () => {
      for (const attempt of [await begin(), await keyless('always')]) {
        for (const DPoP of ['', ' ', ['', '']]) {
          const answer = await postRaw(attempt, { DPoP })
          expect(answer).toEqual({ status: 401, code: 'invalid_dpop_proof' })
        }
        expect(await service().post(attempt)).toMatchObject({ status: 200 })
      }
    })

    it('takes htu from the configuration, not from Host and X-Forwarded headers', async () => {
      const attempt = await begin()
      const headers = {
        Host: 'evil.example',
        'X-Forwarded-Host': 'evil.example',
        'X-Forwarded-Proto': 'https',
        Forwarded: 'host=evil.example;proto=https',
      }
      const claims = { htu: 'https://evil.example/v1/enroll' }
      const forged = makeProof(key, ISSUER, attempt.audience, { claims })
      expect(await postRaw(attempt, { ...headers, DPoP: forged })).toMatchObject({ status: 401 })
      const good = { ...headers, DPoP: String(attempt.proof) }
      expect(await postRaw(attempt, good)).toMatchObject({ status: 200 })
    })

    it('takes no proof out of the fields of the request', async () => {
      const attempt = await begin()
      for (const name of ['DPoP', 'dpop', 'dpop_proof']) {
        const body = { ...attempt.evidence, role: 'bound', [name]: String(attempt.proof) }
        const answer = await service().send('POST', '/v1/enroll', { body })
        await expectRefused(answer, [400, 'invalid_request', 'field_unknown'])
      }
    })

    it.each([
      ['for a key', true, 'always'],
      ['for no key', false, 'always'],
      ['for a key, no role asked for,', true, undefined],
      ['for no key, no role asked for,', false, undefined],
    ])('tells nobody which roles there are, by a challenge %s', async (_, keyed, role) => {
      const answers: unknown[] = []
      // An instance of any customer of the cloud, over challenges for a role that exists and one that doesn't.
      const stranger = service().newInstance({ 'owner-account-id': STRANGER })
      for (const made of ['never', 'nobody']) {
        const audience = await service().challenge(made, keyed ? key.thumbprint : undefined)
        const attempt = await service().begin(stranger, { role, key, audience })
        const { status, body } = await post(attempt)
        answers.push({ status, code: body['code'], title: body['title'] })
      }
      expect(answers[0]).toMatchObject({ status: 401 })
      expect(answers[1]).toEqual(answers[0])
    })
  })
}
