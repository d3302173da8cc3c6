// Who plays in the demo of Kubernetes: the service behind TLS, the command as one file, a node, an operator, and the
// stand-in for a cluster.

import { build } from 'esbuild'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDpopKey, parsePrivateKey } from '../../../src/client/index.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { type ApiServer, startApiServer } from '../../support/kubernetes/api-server.ts'
import { issuerOf } from '../../support/kubernetes/configured-issuer.ts'
import { startTlsFront } from '../../support/kubernetes/tls-front.ts'
import { runProgram } from '../../support/run-program.ts'
import { ROOT } from '../../support/sources.ts'
import { type ServiceProcess, startService } from '../../support/start-service.ts'
import type { Stage } from '../run-demo.ts'

/** The audience of the cluster, and the role of its nodes. */
export const CLUSTER = 'https://cluster.example'
export const ROLE = 'node'

/**
 * How long things live, in seconds. A cluster has a day for certificates; here their end is to be seen. The plugin asks
 * for a new token 30 seconds before the end of the last one.
 */
export const TOKEN_SECONDS = 45
export const CERTIFICATE_SECONDS = 45

/** How a program ended. */
export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command `rollcall` as a process of its own. */
export type Rollcall = (args: readonly string[], env?: Record<string, string>) => Promise<Ended>

/** The service, and what others need to reach it. */
export interface DemoService {
  readonly process: ServiceProcess
  /** `https://localhost:PORT`. */
  readonly issuer: string
  /** The file of the CA that signed its certificate. */
  readonly caFile: string
  /** With it an API server may ask about tokens. */
  readonly webhookToken: string
  readonly operatorKeyFile: string
}

/** Starts the service. Kubernetes takes only issuers with TLS, so a server with TLS passes requests on to it. */
export const startDemoService = async (
  { folder, onEnd }: Stage,
  account: string,
  certificatePem: string,
): Promise<DemoService> => {
  const front = await startTlsFront()
  onEnd(front.close)
  const issuer = front.url
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, front.ca)
  const webhookToken = randomBytes(32).toString('hex')
  const [operatorKey = {}] = (await generateSigningKeys('ES256')).keys
  const { d: _, ...operatorPublicKey } = { ...operatorKey } as Record<string, unknown>
  const operatorKeyFile = join(folder, 'operator.json')
  writeFileSync(operatorKeyFile, JSON.stringify(operatorKey), { mode: 0o600 })
  const role = {
    match: { owner_account_id: [account] },
    token: { audience: [issuer], lifetime_seconds: 3600 },
    reenrollment: 'same_key',
    exchange: [{ audience: CLUSTER, binding: 'none', lifetime_seconds: TOKEN_SECONDS }],
  }
  const cluster = {
    audiences: [CLUSTER],
    roles: [ROLE],
    accounts: [account],
    webhook_token_sha256: [createHash('sha256').update(webhookToken).digest('hex')],
  }
  const process = await startService('Node', {
    variables: {
      ROLLCALL_ISSUER: issuer,
      ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
      ROLLCALL_POLICY: JSON.stringify({ roles: { [ROLE]: role } }),
      ROLLCALL_TRUST_ANCHORS: certificatePem,
      ROLLCALL_ADMIN_KEYS: JSON.stringify({ keys: [operatorPublicKey] }),
      ROLLCALL_KUBERNETES: JSON.stringify(cluster),
    },
  })
  front.passTo(process.port)
  onEnd(() => process.stop())
  return { process, issuer, caFile, webhookToken, operatorKeyFile }
}

/** The words that start the command: Node and a file, which is built here. */
export const buildRollcall = async (): Promise<readonly [string, string]> => {
  const outfile = join(ROOT, 'node_modules/.cache/rollcall-demo/dist/cli/rollcall.js')
  await build({
    entryPoints: [join(ROOT, 'src/cli/rollcall.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'silent',
  })
  writeFileSync(
    join(outfile, '../../../package.json'),
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  )
  return [process.execPath, outfile]
}

/** The command, which trusts the CA of the service. */
export const rollcallWith =
  (words: readonly string[], environment: Readonly<Record<string, string>>): Rollcall =>
  (args, env = {}) =>
    runProgram([...words, ...args], { ...environment, ...env })

/** Starts the stand-in, which evaluates the printed file. */
export const startCluster = async ({ onEnd }: Stage, configuration: string): Promise<ApiServer> => {
  const cluster = await startApiServer({
    clusterSigningSeconds: CERTIFICATE_SECONDS,
    issuer: issuerOf(configuration),
  })
  onEnd(cluster.close)
  return cluster
}

/** Asks the service about a token, as an API server before 1.30 does. */
export const reviewToken = async (
  { process: { port }, webhookToken }: DemoService,
  token: string,
): Promise<Record<string, unknown>> => {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/kubernetes/tokenreview?timeout=30s`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${webhookToken}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token },
    }),
  })
  const { status } = (await answer.json()) as { readonly status: Record<string, unknown> }
  return status
}

/**
 * Exchanges a stolen token with a proof by the thief's own key.
 * @returns what the service answers
 * @throws Error if it answers with a token
 */
export const exchangeAsThief = async (
  { process: { port }, issuer }: DemoService,
  accessToken: string,
): Promise<string> => {
  const [jwk = {}] = (await generateSigningKeys('ES256')).keys
  const key = createDpopKey(await parsePrivateKey({ ...jwk }))
  const uri = `${issuer}/v1/token`
  const proof = await key.prove({ method: 'POST', uri, accessToken, now: Date.now() / 1000 })
  const answer = await fetch(`http://127.0.0.1:${port}/v1/token`, {
    method: 'POST',
    headers: { DPoP: proof },
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: accessToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      audience: CLUSTER,
    }),
  })
  const { error, error_description: description } = (await answer.json()) as Record<string, string>
  if (answer.status === 400) return `${answer.status} ${error}: ${description}`
  throw new Error(`the service answered a thief with ${answer.status}`)
}
