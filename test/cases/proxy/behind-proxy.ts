// An app behind a real proxy that asks a real service: each in a process of its own on loopback, but the app, which
// records here what reaches it. Between proxy and service a recorder keeps the requests that the proxy makes.

import { createHash, createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, createServer, request as httpRequest } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { proofFor } from '../../support/authorizing.ts'
import { nextSecond } from '../../support/clock.ts'
import { resignToken } from '../../support/bad-tokens.ts'
import { claimsOf } from '../../support/http.ts'
import { startListening } from '../../support/listening.ts'
import { reservePort } from '../../support/ports.ts'
import type { RunningProcess } from '../../support/processes.ts'
import { type ServiceProcess, startService, usualVariables } from '../../support/start-service.ts'
import {
  DOCUMENT_FIELDS,
  documentText,
  sharedTestCloud,
  withAudience,
} from '../../support/test-cloud.ts'
import { type TestKey, compactJws, makeKey, signer } from '../state/independent-jws.ts'
import { makeOperatorToken } from '../state/operator-token.ts'
import { makeProof } from '../state/proofs.ts'

/** The audience and the role that the configurations on the pages demand. */
export const AUDIENCE = 'https://app.example'
const POLICY = {
  roles: {
    worker: {
      match: { owner_account_id: [DOCUMENT_FIELDS['owner-account-id']] },
      token: { audience: [AUDIENCE], groups: ['a', 'b'] },
      reenrollment: 'always',
      binding: 'dpop',
    },
  },
}

/** Headers as they are sent; a list sends the header several times. */
export type SentHeaders = Readonly<Record<string, string | string[]>>

/** A request that reached the app. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  /** Names in lower case, in order; values as they came. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** An answer of the proxy. */
export interface ProxyAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** What a proxy is started with. */
export interface ProxyPlaces {
  readonly port: number
  /** URL of the service, or of what stands for it. */
  readonly serviceUrl: string
  readonly appPort: number
  readonly secret: string
}

/** Starts a proxy; it is ready when it listens. */
export type StartProxy = (places: ProxyPlaces) => Promise<RunningProcess>

/** Everything, started. */
export interface BehindProxy {
  readonly url: string
  readonly key: TestKey
  readonly boundToken: string
  /** Signed by the service's key, for the same audience and role. */
  readonly bearerToken: string
  readonly privateKeys: string
  /** The same token signed by the second key of the service, RS256, as after a rotation; and that key. */
  readonly rs256: { readonly token: string; readonly privateKeys: string }
  readonly service: ServiceProcess
  /** Requests that reached the app so far. */
  readonly seen: SeenRequest[]
  /** What the proxy sent to the service so far. */
  asked(): string
  /** The headers of a request by the bound token, with a new proof. */
  credentials(target?: { method?: string; origin?: string; path?: string; key?: TestKey }): {
    readonly Authorization: string
    readonly DPoP: string
  }
  send(method: string, path: string, headers: SentHeaders, body?: string): Promise<ProxyAnswer>
  /** An operator's call. @returns its status */
  operate(method: string, path: string, fields?: object): Promise<number>
  stop(): Promise<void>
}

const startApp = async (seen: SeenRequest[]) =>
  startListening(
    createServer(async (request, response) => {
      let body = ''
      for await (const piece of request) body += String(piece)
      const { rawHeaders, method = '', url = '' } = request
      const headers = rawHeaders.flatMap((name, at) =>
        at % 2 === 0 ? [[name.toLowerCase(), String(rawHeaders[at + 1])] as const] : [],
      )
      seen.push({ method, url, headers, body })
      response.end('the app')
    }),
  )

/** Passes bytes on to the service, and keeps those of the requests. */
const startRecorder = async (port: number) => {
  let recorded = ''
  const server = createTcpServer((socket) => {
    const onward = connect(port, '127.0.0.1')
    socket.on('data', (bytes) => (recorded += bytes.toString('latin1')))
    socket.pipe(onward).pipe(socket)
    onward.on('error', () => socket.destroy())
    socket.on('error', () => onward.destroy())
  })
  return { ...(await startListening(server)), recorded: () => recorded }
}

/** Enrolls in the role `worker` with a key. */
const enrollBound = async (url: string, key: TestKey): Promise<string> => {
  const cloud = await sharedTestCloud()
  const fields = new URLSearchParams({ role: 'worker', dpop_jkt: key.thumbprint })
  const made = await fetch(`${url}/v1/challenge`, { method: 'POST', body: fields })
  const { audience } = (await made.json()) as { audience: string }
  const document = documentText()
  const pkcs7 = Buffer.from(cloud.sign(withAudience(document, audience))).toString('base64')
  const answer = await fetch(`${url}/v1/enroll`, {
    method: 'POST',
    body: new URLSearchParams({ document, pkcs7, role: 'worker' }),
    headers: { DPoP: makeProof(key, url, audience) },
  })
  return ((await answer.json()) as { access_token: string }).access_token
}

/** Starts service, recorder, app and proxy. */
export const startBehindProxy = async (startProxy: StartProxy): Promise<BehindProxy> => {
  const cloud = await sharedTestCloud()
  const [key, operator] = [await makeKey(), await makeKey()]
  const port = await reservePort()
  const url = `http://127.0.0.1:${port}`
  const secret = 'a-secret-of-the-proxy'
  const variables = await usualVariables(cloud, POLICY)
  const { keys } = JSON.parse(String(variables['ROLLCALL_SIGNING_KEYS'])) as { keys: object[] }
  const [rsa = {}] = (await generateSigningKeys('RS256')).keys
  const privateKeys = JSON.stringify({ keys: [...keys, rsa] })
  const service = await startService('Node', {
    variables: {
      ...variables,
      ROLLCALL_SIGNING_KEYS: privateKeys,
      ROLLCALL_ADMIN_KEYS: JSON.stringify({ keys: [operator.jwk] }),
      ROLLCALL_PROXIES: JSON.stringify([
        {
          name: 'app',
          origin: url,
          secret_sha256: createHash('sha256').update(secret).digest('hex'),
          audiences: [AUDIENCE],
        },
      ]),
    },
  })
  const seen: SeenRequest[] = []
  const app = await startApp(seen)
  const recorder = await startRecorder(service.port)
  const serviceUrl = `http://127.0.0.1:${recorder.port}`
  const proxy = await startProxy({ port, serviceUrl, appPort: app.port, secret })
  // A ledger in memory takes no proof that was made in its first second, or before.
  await nextSecond()
  await nextSecond()
  const boundToken = await enrollBound(service.url, key)
  const bearerToken = resignToken({ goodToken: boundToken, privateKeys }, { cnf: undefined })
  return {
    url,
    key,
    boundToken,
    bearerToken,
    privateKeys,
    rs256: {
      token: compactJws(
        { alg: 'RS256', typ: 'JWT', kid: rsa.kid },
        claimsOf(bearerToken),
        signer(createPrivateKey({ key: { ...rsa }, format: 'jwk' })),
      ),
      privateKeys: JSON.stringify({ keys: [rsa] }),
    },
    service,
    seen,
    asked: recorder.recorded,
    credentials: ({ method = 'GET', origin = url, path = '/a', key: by = key } = {}) => ({
      Authorization: `DPoP ${boundToken}`,
      DPoP: proofFor(by, boundToken, {
        htm: method,
        htu: origin + path,
        iat: Math.floor(Date.now() / 1000),
      }),
    }),
    async send(method, path, headers, body) {
      const sent = httpRequest({ host: '127.0.0.1', port, method, path, headers: { ...headers } })
      sent.end(body)
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      let text = ''
      for await (const piece of response) text += String(piece)
      return { status: response.statusCode ?? 0, headers: response.headers, body: text }
    },
    async operate(method, path, fields) {
      const now = Math.floor(Date.now() / 1000)
      const token = makeOperatorToken(operator, { sub: 'o', aud: service.url, now })
      const answer = await fetch(service.url + path, {
        method,
        headers: {
          Authorization: `Bearer ${token}`,
          ...(fields !== undefined && { 'Content-Type': 'application/json' }),
        },
        ...(fields !== undefined && { body: JSON.stringify(fields) }),
      })
      return answer.status
    },
    async stop() {
      await proxy.stop()
      await service.stop()
      await recorder.close()
      await app.close()
    },
  }
}
