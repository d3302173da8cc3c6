// `npm run demo:relying-party`: what a token opens. An application that knows nothing of tokens is behind nginx, which
// asks rollcall about each request. A node is let in, a thief of its token is not, and a ban applies at once.

import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { startEmulator } from '../../src/cli/emulator-server.ts'
import {
  type DpopKey,
  createDpopKey,
  createOperatorClient,
  enrollInstance,
  parsePrivateKey,
} from '../../src/client/index.ts'
import type { EmulatedInstance } from '../../src/emulator/index.ts'
import { createMetadataClient } from '../../src/metadata/index.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { startListening } from '../support/listening.ts'
import { reservePort } from '../support/ports.ts'
import { startProcess, waitUntil } from '../support/processes.ts'
import { findTool } from '../support/requirements.ts'
import { startService } from '../support/start-service.ts'
import { type Stage, check, print, runDemo, show, step } from './run-demo.ts'

const ROLE = 'worker'
const AUDIENCE = 'https://app.example'

/** A new key pair of the algorithm ES256, as a private JWK. */
const newKey = async (): Promise<Readonly<Record<string, unknown>>> => {
  const [jwk = {}] = (await generateSigningKeys('ES256')).keys
  return { ...jwk }
}

/**
 * nginx asks rollcall about each request, and passes the identity on to the application. This is the shortest
 * configuration for one header; docs/use/nginx.md has the whole one.
 */
const nginxConfiguration = ({
  folder,
  port,
  app,
  rollcall,
  secret,
}: Readonly<Record<string, string | number>>): string => `
daemon off;
pid ${folder}/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;

  server {
    listen 127.0.0.1:${port};

    location / {
      auth_request /_rollcall;
      auth_request_set $instance $upstream_http_x_rollcall_instance;
      proxy_set_header X-Rollcall-Instance $instance;
      proxy_set_header Authorization "";
      proxy_set_header DPoP "";
      proxy_pass http://127.0.0.1:${app};
    }

    location = /_rollcall {
      internal;
      proxy_pass ${rollcall}/v1/authorize?audience=${encodeURIComponent(AUDIENCE)}&role=${ROLE};
      proxy_pass_request_body off;
      proxy_pass_request_headers off;
      proxy_set_header Content-Length "";
      proxy_set_header Authorization $http_authorization;
      proxy_set_header DPoP $http_dpop;
      proxy_set_header X-Rollcall-Proxy "${secret}";
      proxy_set_header X-Forwarded-Method $request_method;
      proxy_set_header X-Forwarded-Uri $request_uri;
    }
  }
}
`

const demo = async (nginx: string, { folder, onEnd }: Stage): Promise<void> => {
  step('An instance: a metadata service like the one of ECS, with a key of its own')
  const metadata = await startEmulator({ instances: 1 })
  onEnd(metadata.close)
  const { instances, certificatePem } = metadata.emulator
  const { instanceId, ownerAccountId } = instances[0] as EmulatedInstance
  show('instance', `${instanceId} of account ${ownerAccountId}`)

  step(
    'The service: it binds each token to a key of the instance, and knows one proxy and one operator',
  )
  const proxyPort = await reservePort()
  const origin = `http://127.0.0.1:${proxyPort}`
  const secret = randomBytes(32).toString('base64url')
  const operatorKey = await newKey()
  const { d: _, ...operatorPublicKey } = operatorKey
  const role = {
    match: { owner_account_id: [ownerAccountId] },
    token: { audience: [AUDIENCE] },
    binding: 'dpop',
    reenrollment: 'always',
  }
  const proxy = {
    name: 'nginx',
    origin,
    secret_sha256: createHash('sha256').update(secret).digest('hex'),
    audiences: [AUDIENCE],
  }
  const service = await startService('Node', {
    variables: {
      ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
      ROLLCALL_POLICY: JSON.stringify({ roles: { [ROLE]: role } }),
      ROLLCALL_TRUST_ANCHORS: certificatePem,
      ROLLCALL_PROXIES: JSON.stringify([proxy]),
      ROLLCALL_ADMIN_KEYS: JSON.stringify({ keys: [operatorPublicKey] }),
    },
  })
  onEnd(() => service.stop())
  const startedAt = Date.now()
  show('issuer', service.url)

  step('An application that knows nothing of tokens, and nginx in front of it')
  const application = await startListening(
    createServer((request, response) => {
      response.end(`hello ${String(request.headers['x-rollcall-instance'])}`)
    }),
  )
  onEnd(application.close)
  const file = join(folder, 'nginx.conf')
  const values = { folder, port: proxyPort, app: application.port, rollcall: service.url, secret }
  writeFileSync(file, nginxConfiguration(values), { mode: 0o600 })
  const server = startProcess(nginx, ['-e', 'stderr', '-p', folder, '-c', file])
  onEnd(server.stop)
  const answers = async (): Promise<boolean> =>
    (await fetch(origin).catch(() => undefined)) !== undefined
  await waitUntil(answers, {
    seconds: 10,
    what: 'nginx',
    alive: () => server.child.exitCode === null,
  })
  show('origin', origin)

  step('The instance makes a key and enrolls: its token is bound to the key')
  const key = createDpopKey(await parsePrivateKey(await newKey()))
  const { accessToken, tokenType } = await enrollInstance({
    issuer: service.url,
    role: ROLE,
    metadata: createMetadataClient({ fetch: metadata.emulator.fetch }),
    dpopKey: key,
  })
  show('token', `${accessToken.slice(0, 60)}... (${tokenType})`)

  const url = `${origin}/jobs/next`
  /** Proves that the caller has a key, for one GET of this URL with this token. */
  const prove = (by: DpopKey): Promise<string> =>
    by.prove({ method: 'GET', uri: url, accessToken, now: Date.now() / 1000 })

  /** What rollcall has written of requests that it did not admit. */
  const refusals = (): Record<string, unknown>[] =>
    service.auditEvents().filter(({ event }) => event === 'authorize')

  /** Calls the application, and shows the answer. A refusal shows what rollcall wrote to its audit log. */
  const call = async (
    who: string,
    headers: Record<string, string>,
    expected: { status: number; reason?: string },
  ): Promise<void> => {
    const known = refusals().length
    const answer = await fetch(url, { headers })
    const body = answer.status === 200 ? `: ${await answer.text()}` : ''
    print(`   - ${who}`)
    show('  answer', `${answer.status}${body}`)
    check(answer.status === expected.status, who)
    if (expected.reason === undefined) return
    const reason = (): unknown => refusals()[known]?.['reason']
    await waitUntil(() => reason() !== undefined, { seconds: 5, what: 'the audit event' })
    show('  audit', `reason ${String(reason())}`)
    check(reason() === expected.reason, who)
  }
  // A ledger in memory cannot know which proofs an earlier process accepted, so it rejects those of its first seconds.
  await waitUntil(() => Date.now() > startedAt + 2000, { seconds: 5, what: 'the ledger' })

  step('The instance shows its token, with a fresh proof for this request')
  const proof = await prove(key)
  await call('the instance', { Authorization: `DPoP ${accessToken}`, DPoP: proof }, { status: 200 })

  step('A thief has copied the token, and the whole request, but not the key')
  await call('without a token', {}, { status: 401, reason: 'token_missing' })
  await call(
    'the stolen token as a bearer token',
    { Authorization: `Bearer ${accessToken}` },
    { status: 401, reason: 'token_scheme_mismatch' },
  )
  await call(
    'the stolen token with a proof by another key',
    {
      Authorization: `DPoP ${accessToken}`,
      DPoP: await prove(createDpopKey(await parsePrivateKey(await newKey()))),
    },
    { status: 401, reason: 'dpop_key_mismatch' },
  )
  await call(
    'the stolen request as it was, sent again',
    { Authorization: `DPoP ${accessToken}`, DPoP: proof },
    { status: 401, reason: 'dpop_replayed' },
  )

  step(
    'An operator bans the instance: the next request is refused, though the token has not expired',
  )
  const operator = createOperatorClient({
    issuer: service.url,
    key: await parsePrivateKey(operatorKey),
    operator: 'demo',
  })
  await call(
    'the instance, before',
    { Authorization: `DPoP ${accessToken}`, DPoP: await prove(key) },
    { status: 200 },
  )
  const ban = await operator.ban({ kind: 'instance', value: instanceId }, 'taken over')
  show('ban', `${ban.kind} ${ban.value}: ${ban.reason}`)
  await call(
    'the instance, after',
    { Authorization: `DPoP ${accessToken}`, DPoP: await prove(key) },
    { status: 401, reason: 'banned' },
  )
}

const nginx = findTool('nginx')
if (nginx !== undefined) await runDemo((stage) => demo(nginx, stage))
else {
  print('Skipped, since nginx is not installed: apt-get install nginx')
  if (process.env['ROLLCALL_REQUIRE_ALL'] === '1') process.exitCode = 1
}
