// One list of behaviours for every runtime, over HTTP against the service really started there.

import { execFile } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostedEvidence, getChallenge, postEvidence } from '../../support/instance.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { verifyToken } from '../../support/relying-party.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import type { RunningService } from '../../support/start-service.ts'
import { audienceName } from '../../../src/base/wire/audience-name.ts'
import { nextSecond } from '../../support/clock.ts'
import { MULTIPART_SHAPES, challengeRequest } from '../../support/multipart-shapes.ts'
import { choppedRequest, sendRaw } from '../../support/raw-http.ts'
import type { Deploy, Deployment } from './deployment.ts'
import { expectExchanges } from './exchange.ts'
import { expectIntrospections } from './introspection.ts'
import { checkAuthorization } from './authorization.ts'
import { checkTokenReviews, enrollWorker, postReview } from './token-review.ts'
import { runningEngine } from './running-engine.ts'
import { CLUSTER, type Inputs, createTestEnroller, strangerOf } from './inputs.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** What the runtime said that it is, for the table. */
    engine?: string
  }
}

const FEW_SECONDS = 20

/** The claims of a token, not verified. */
const claimsOf = (token: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >

/**
 * Declares the suite for one runtime.
 * @param expected what the engine says that it is
 */
export const describeRuntime = (name: string, expected: RegExp, deploy: Deploy): void => {
  describe(name, () => {
    let inputs: Inputs
    let deployment: Deployment | undefined
    let service: RunningService | undefined
    let reason = 'it could not be started'

    beforeAll(async () => {
      // Without openssl the second producer is missing; what needs it says so.
      if (findTool('openssl') === undefined) return
      inputs = await createTestEnroller()
      const skip = (note?: string): never => {
        reason = note ?? reason
        throw new Error(reason)
      }
      deployment = await deploy({ skip } as Parameters<Deploy>[0], inputs.variables).catch(
        (error: unknown) => {
          if (error instanceof Error && error.message === reason) return undefined
          throw error
        },
      )
      service = await deployment?.start()
    }, 120_000)
    afterAll(async () => {
      await service?.stop()
      await deployment?.close()
      await inputs?.close()
    })

    /** A behaviour, of the service that runs. */
    const behaves = (
      what: string,
      test: (url: string, context: TestContext) => Promise<void>,
    ): void =>
      it(what, async (context) => {
        requireTool(context, 'openssl', 'apt-get install openssl')
        if (service === undefined) context.skip(reason)
        else await test(service.url, context)
      })

    const evidenceFor = async (
      url: string,
      metadataUrl: string,
      role?: string,
    ): Promise<PostedEvidence & { role?: string }> => ({
      ...(await inputs.evidence(metadataUrl, await getChallenge(url, role))),
      ...(role !== undefined && { role }),
    })

    const post = (url: string, init: RequestInit): Promise<Response> =>
      fetch(`${url}/v1/enroll`, { method: 'POST', ...init })

    behaves('is the engine that it should be', async (url, { task }) => {
      expect((await fetch(`${url}/healthz`)).status).toBe(200)
      const engine = await runningEngine(service?.engineUrl ?? url)
      task.meta.engine = engine ?? 'an engine that this machine does not show'
      console.log(`${name}: ${task.meta.engine}`)
      if (engine !== undefined) expect(engine).toMatch(expected)
    })

    behaves('makes challenges, as JSON and as text', async (url) => {
      const json = await fetch(`${url}/v1/challenge`, { method: 'POST' })
      expect(await json.json()).toEqual({
        audience: expect.stringMatching(/^[A-Za-z0-9_-]{64}$/),
        expires_in: 120,
      })
      const headers = { Accept: 'text/plain' }
      const text = await fetch(`${url}/v1/challenge`, { method: 'POST', headers })
      expect(await text.text()).toMatch(/^[A-Za-z0-9_-]{64}$/)
    })

    behaves('enrolls evidence of the emulator, for a third party to verify', async (url) => {
      const { status, body } = await postEvidence(
        url,
        await evidenceFor(url, inputs.nextInstance(), 'worker'),
      )
      expect({ status, role: body['role'], type: body['token_type'] }).toEqual({
        status: 200,
        role: 'worker',
        type: 'Bearer',
      })
      const { claims } = await verifyToken(String(body['access_token']), url, CLUSTER)
      expect(claims).toMatchObject({ iss: url, role: 'worker' })
    })

    behaves('enrolls evidence that openssl signed', async (url) => {
      const evidence = await inputs.opensslEvidence(await getChallenge(url))
      expect((await postEvidence(url, evidence)).status).toBe(200)
    })

    behaves('answers a retry the same, and refuses the challenge to another', async (url) => {
      const challenge = await getChallenge(url)
      const evidence = await inputs.evidence(inputs.nextInstance(), challenge)
      const [first, again] = [await postEvidence(url, evidence), await postEvidence(url, evidence)]
      expect(claimsOf(again.body['access_token'])).toEqual(claimsOf(first.body['access_token']))
      const other = await inputs.evidence(inputs.nextInstance(), challenge)
      expect(await postEvidence(url, other)).toMatchObject({
        status: 401,
        body: { code: 'invalid_evidence' },
      })
    })

    behaves('binds a token to a key, and refuses another key', async (url) => {
      const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
      const jwk = await exportJWK(publicKey)
      const jkt = await calculateJwkThumbprint(jwk)
      const fields = new URLSearchParams({ role: 'bound', dpop_jkt: jkt })
      const made = await fetch(`${url}/v1/challenge`, { method: 'POST', body: fields })
      const { audience } = (await made.json()) as { audience: string }
      const evidence = await inputs.evidence(inputs.nextInstance(), audience)
      const prove = (nonce: string): Promise<string> =>
        new SignJWT({ htm: 'POST', htu: `${url}/v1/enroll`, nonce, jti: crypto.randomUUID() })
          .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
          .setIssuedAt()
          .sign(privateKey)
      const body = (): URLSearchParams => new URLSearchParams({ ...evidence, role: 'bound' })
      const wrong = await post(url, { body: body(), headers: { DPoP: await prove('x') } })
      expect([wrong.status, ((await wrong.json()) as { code: string }).code]).toEqual([
        401,
        'invalid_dpop_proof',
      ])
      const right = await post(url, { body: body(), headers: { DPoP: await prove(audience) } })
      const answer = (await right.json()) as Record<string, unknown>
      expect(answer).toMatchObject({ token_type: 'DPoP', role: 'bound' })
      expect(claimsOf(answer['access_token'])['cnf']).toEqual({ jkt })
    })

    behaves('exchanges a bound token, refuses the attacks on it, and a ban ends both', (url) =>
      expectExchanges(url, inputs),
    )

    behaves('says to a relying party whether a token and its exchange are active', (url) =>
      expectIntrospections(url, inputs),
    )

    behaves('authorizes requests that a proxy asks about', async (url) =>
      checkAuthorization(url, inputs),
    )

    behaves('says to a Kubernetes API server which node a token authenticates', (url) =>
      checkTokenReviews(url, inputs),
    )

    behaves('refuses each with its own code', async (url) => {
      const good = await evidenceFor(url, inputs.nextInstance())
      const form = (fields: Record<string, string>): RequestInit => ({
        body: new URLSearchParams(fields),
      })
      const stranger = await evidenceFor(url, strangerOf(inputs))
      const tampered = good.document.replace(/"instance-id":"i-./, '"instance-id":"i-z')
      const cases: readonly (readonly [RequestInit, number, string])[] = [
        [form({ document: good.document }), 400, 'invalid_request'],
        [{ body: 'x', headers: { 'Content-Type': 'text/plain' } }, 415, 'unsupported_media_type'],
        [form({ ...good, document: 'x'.repeat(17_000) }), 413, 'payload_too_large'],
        [form({ ...good, document: tampered }), 401, 'invalid_evidence'],
        [form({ ...stranger }), 403, 'not_admitted'],
        [
          { ...form({ ...good }), headers: { 'x-fc-invocation-type': 'Async' } },
          400,
          'invalid_request',
        ],
      ]
      for (const [init, status, code] of cases) {
        const response = await post(url, init)
        expect(response.headers.get('Content-Type')).toBe('application/problem+json')
        expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
          status,
          code,
        ])
      }
      expect((await fetch(`${url}/v1/enroll`)).status).toBe(405)
      expect((await fetch(`${url}/nothing`)).status).toBe(404)
      expect((await postEvidence(url, good)).status).toBe(200)
    })

    behaves('reads each shape of multipart/form-data as all runtimes do', async (url) => {
      for (const shape of MULTIPART_SHAPES) {
        const { status, body } = await sendRaw(url, challengeRequest(shape))
        const { audience, code } = JSON.parse(body) as { audience?: string; code?: string }
        const { role } = shape
        const made = role !== undefined && audience?.startsWith(audienceName(url, { role }))
        expect([shape.what, status, code, made]).toEqual(
          role === undefined
            ? [shape.what, 400, 'invalid_request', false]
            : [shape.what, 200, undefined, true],
        )
      }
    })

    behaves('counts the pieces of a body, and goes on', async (url) => {
      expect((await sendRaw(url, choppedRequest(100))).status).toBe(200)
      for (const ends of [true, false]) {
        const id = crypto.randomUUID()
        const { status, body } = await sendRaw(url, choppedRequest(16_000, ends, id))
        // Under `wrangler dev` a proxy stands in front, which gives an early answer up.
        if (!body.startsWith('Your worker restarted mid-request')) {
          expect([status, body]).toEqual([413, expect.stringContaining('payload_too_large')])
        }
        const reasons = (): unknown[] =>
          (service?.auditEvents() ?? [])
            .filter(({ request_id: found }) => found === id)
            .map(({ reason: found }) => found)
        await expect.poll(reasons).toEqual(['body_too_large'])
      }
      expect((await fetch(`${url}/healthz`)).status).toBe(200)
    })

    behaves('has one spelling for each address', async (url) => {
      const statusOf = async (target: string): Promise<number> => {
        const head = `POST ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n`
        return (await sendRaw(url, head)).status
      }
      expect(await statusOf('/v1/challenge')).toBe(200)
      for (const other of [
        '/v1/challeng%65',
        '/v1/%63hallenge',
        '/v1/challenge%20',
        '/v1%2fchallenge',
        '/v1/challenge/',
        '//v1/challenge',
        '/V1/challenge',
        '/v1/challenge;x',
      ]) {
        expect([other, await statusOf(other)]).toEqual([other, 404])
      }
    })

    behaves('publishes keys and discovery', async (url) => {
      const jwks = await fetch(`${url}/.well-known/jwks.json`)
      expect(jwks.headers.get('Cache-Control')).toBe('public, max-age=300')
      const text = await jwks.text()
      expect(text).toContain('"kid"')
      expect(text).not.toContain('"d"')
      const discovery = await fetch(`${url}/.well-known/openid-configuration`)
      expect(await discovery.json()).toMatchObject({ issuer: url })
      expect((await fetch(`${url}/openapi.json`)).status).toBe(200)
    })

    behaves('says at /readyz that its ledger answers', async (url) => {
      const ready = await fetch(`${url}/readyz`)
      expect(await ready.json()).toEqual({ status: 'ready' })
      expect([ready.status, ready.headers.get('Cache-Control')]).toEqual([200, 'no-store'])
      const all = await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/readyz`)))
      expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]))
    })

    behaves('enrolls an instance that runs its bootstrap.sh, by sh and curl', async (url) => {
      const tokenFile = join(inputs.folder, `${crypto.randomUUID()}.jwt`)
      const env = cleanEnvironment({
        ROLLCALL_METADATA_URL: inputs.nextInstance(),
        ROLLCALL_TOKEN_FILE: tokenFile,
      })
      const command = `script=$(curl -fsS --retry 9 --retry-all-errors '${url}/bootstrap.sh?role=worker') && sh -c "$script"`
      await promisify(execFile)('sh', ['-c', command], { env })
      expect(statSync(tokenFile).mode & 0o777).toBe(0o600)
      const { claims } = await verifyToken(readFileSync(tokenFile, 'utf8'), url, CLUSTER)
      expect(claims).toMatchObject({ role: 'worker' })
    })

    behaves('lets operators look, reset and ban', async (url) => {
      const metadataUrl = inputs.nextInstance()
      const enroll = async (): Promise<number> =>
        (await postEvidence(url, await evidenceFor(url, metadataUrl, 'once'))).status
      expect([await enroll(), await enroll()]).toEqual([200, 403])
      const { document } = await inputs.evidence(metadataUrl, 'x')
      const {
        'owner-account-id': account,
        'region-id': region,
        'instance-id': instance,
      } = JSON.parse(document) as Record<string, string>
      const operate = async (method: string, path: string, body?: unknown): Promise<Response> =>
        fetch(url + path, {
          method,
          headers: {
            Authorization: await inputs.operator(url),
            ...(body !== undefined && { 'Content-Type': 'application/json' }),
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        })
      const path = `/v1/admin/instances/${account}/${region}/${instance}`
      expect(await (await operate('GET', path)).json()).toMatchObject({ enrollments: 1 })
      expect((await operate('POST', `${path}/reset`)).status).toBe(200)
      // A challenge of the very second of a reset is refused.
      await nextSecond()
      const ban = `/v1/admin/bans/instance/${instance}`
      expect((await operate('PUT', ban, { reason: 'a test' })).status).toBe(200)
      expect(await enroll()).toBe(403)
      expect((await operate('DELETE', ban)).status).toBe(200)
      expect([await enroll(), await enroll()]).toEqual([200, 403])
      expect((await fetch(url + path)).status).toBe(401)
    })

    behaves('remembers when it is started again', async (url) => {
      const metadataUrl = inputs.nextInstance()
      const challenge = await getChallenge(url, 'once')
      const evidence = { ...(await inputs.evidence(metadataUrl, challenge)), role: 'once' }
      const before = await postEvidence(url, evidence)
      expect(before.status).toBe(200)
      await service?.stop()
      service = await deployment?.start()
      const retry = await postEvidence(url, evidence)
      expect(claimsOf(retry.body['access_token'])).toEqual(claimsOf(before.body['access_token']))
      const other = { ...(await inputs.evidence(inputs.nextInstance(), challenge)), role: 'once' }
      expect((await postEvidence(url, other)).status).toBe(401)
      const again = await evidenceFor(url, metadataUrl, 'once')
      expect((await postEvidence(url, again)).status).toBe(403)
    })

    behaves('answers 503 while its store is gone, and goes on once it is back', async (url) => {
      const evidence = await evidenceFor(url, inputs.nextInstance(), 'once')
      const { token } = await enrollWorker(url, inputs)
      await deployment?.breakStore()
      const began = performance.now()
      const gone = await post(url, { body: new URLSearchParams({ ...evidence }) })
      expect([gone.status, ((await gone.json()) as { code: string }).code]).toEqual([
        503,
        'unavailable',
      ])
      expect(gone.headers.get('Retry-After')).toMatch(/^[1-9][0-9]*$/)
      expect((performance.now() - began) / 1000).toBeLessThan(FEW_SECONDS)
      const review = await postReview(url, { token })
      if (review.status === 200 && deployment?.readsWhileBroken === true) {
        expect(await review.json()).toMatchObject({ status: { authenticated: true } })
      } else expect([review.status, review.headers.has('Retry-After')]).toEqual([503, true])
      const unready = await fetch(`${url}/readyz`)
      expect([unready.status, await unready.json()]).toEqual([503, { status: 'unavailable' }])
      expect((await fetch(`${url}/healthz`)).status).toBe(200)
      await deployment?.mendStore()
      await expect
        .poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 20_000 })
        .toBe(200)
      await expect
        .poll(async () => (await postEvidence(url, evidence)).status, { timeout: 20_000 })
        .toBe(200)
      expect(await (await postReview(url, { token })).json()).toMatchObject({
        status: { authenticated: true },
      })
    })
  })
}
