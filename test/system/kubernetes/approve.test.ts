// `rollcall kubernetes approve` as a process, as a pod runs it: over TLS with the token of its service account, with the
// rights of approver.yaml and no others, on the stand-in API server, with records of a real service.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, fetch } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import {
  ACCOUNT,
  type AdminService,
  REGION,
  startAdminServiceFor,
} from '../../support/admin-service.ts'
import {
  type CsrJson,
  addressName,
  dnsName,
  nodeSubject,
  requestDer,
  servingCsr,
  toPem,
  toRequest,
} from '../../support/certificate-requests.ts'
import { type ProcessOptions, buildCommand } from '../../support/command-process.ts'
import { type Run, jsonLines } from '../../support/command.ts'
import { type ApiServer, startApiServer } from '../../support/kubernetes/api-server.ts'
import { findKubectl, requireKubectl } from '../../support/kubernetes/kubectl.ts'
import { type KubeObject, resourceOfKind } from '../../support/kubernetes/resources.ts'
import { startProcess, waitUntil } from '../../support/processes.ts'
import { readProjectFile } from '../../support/sources.ts'

const INSTANCE = 'i-bp1aaa'
const NODE = `${REGION}.${INSTANCE}`
const ATTESTED = [192, 168, 10, 21]

const manifests = parseAllDocuments(readProjectFile('functions/kubernetes/approver.yaml')).map(
  (document) => document.toJS() as KubeObject,
)
const ofKind = (kind: string): KubeObject => {
  const found = manifests.find((manifest) => manifest.kind === kind)
  if (found === undefined) throw new Error(`approver.yaml has no ${kind}`)
  return found
}
type Container = { readonly command: readonly string[]; readonly args: readonly string[] }
const [container] = (
  ofKind('Deployment')['spec'] as {
    readonly template: { readonly spec: { readonly containers: readonly Container[] } }
  }
).template.spec.containers

const APPROVER = {
  username: 'system:serviceaccount:rollcall:rollcall-approver',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:rollcall'],
}

let service: AdminService<ProcessOptions>
beforeAll(async () => {
  // Downloaded here, which takes longer than a test. A test says why it is missing.
  await findKubectl().catch(() => undefined)
  service = await startAdminServiceFor((secrets) => buildCommand(secrets))
  await service.enroll(INSTANCE)
})
afterAll(() => service?.close())

let server: ApiServer
let agent: Agent
let accounts = 0
beforeEach(async () => {
  server = await startApiServer()
  agent = new Agent({ connect: { ca: server.ca } })
  for (const kind of ['ClusterRole', 'ClusterRoleBinding']) server.put(ofKind(kind))
})
afterEach(async () => {
  await agent.destroy()
  await server.close()
})

/** Makes the folder that a pod has, with a token. */
const accountFolder = (token: string): string => {
  const folder = join(service.command.folder, `account-${accounts++}`)
  mkdirSync(folder)
  writeFileSync(join(folder, 'ca.crt'), server.ca)
  writeFileSync(join(folder, 'token'), `${token}\n`)
  return folder
}

/** The arguments of the manifest, with values in the place of its placeholders. */
const args = (folder: string, ...more: readonly string[]): string[] => [
  ...(container?.command.slice(2) ?? []),
  ...(container?.args ?? []).map((arg) =>
    arg
      .replace('https://rollcall.example', service.url)
      .replace('/run/secrets/rollcall/approver-key.json', service.keyFile)
      .replace('YOUR-ACCOUNT-ID', ACCOUNT),
  ),
  `--service-account=${folder}`,
  ...more,
]

const approve = (
  folder: string,
  more: readonly string[],
  started?: ProcessOptions['started'],
): Promise<Run> => {
  const { hostname, port } = new URL(server.url)
  const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port }
  return service.command.run(args(folder, ...more), { env, ...(started && { started }) })
}

const once = (more: readonly string[] = []): Promise<Run> =>
  approve(accountFolder(server.tokenFor(APPROVER)), ['--once', ...more])

/**
 * Sends a request as the node does that it is for. Without `address` its user has no attested one, as with a certificate.
 * Empty `asks`: a DNS name alone.
 */
const send = async (
  name: string,
  {
    node = NODE,
    address,
    asks = ATTESTED,
  }: { node?: string; address?: string; asks?: readonly number[] },
): Promise<void> => {
  const names = [dnsName(node), ...(asks.length > 0 ? [addressName(...asks)] : [])]
  const request = toRequest(toPem(await requestDer({ subject: nodeSubject(node), names })))
  const { metadata, spec, ...type } = servingCsr(node, request, {}, name)
  const { username, groups, ...asked } = spec
  const extra = address === undefined ? {} : { '127.0.0.1/addresses': [address] }
  const token = server.tokenFor({ username, groups, extra })
  const url = `${server.url}/apis/certificates.k8s.io/v1/certificatesigningrequests`
  const body = JSON.stringify({ ...type, metadata: { name: metadata.name }, spec: asked })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body, dispatcher: agent })
  expect(answer.status, await answer.text()).toBe(201)
}

const CSRS = resourceOfKind('certificates.k8s.io/v1', 'CertificateSigningRequest')
const csrs = (): CsrJson[] =>
  server.store.list(CSRS, '').map((object) => object as unknown as CsrJson)

/** Name, and type and reason of its conditions, and whether it is signed. */
const states = (): Record<string, string> =>
  Object.fromEntries(
    csrs().map(({ metadata: { name }, status }) => {
      const conditions = (status?.conditions ?? []) as { type: string; reason: string }[]
      const texts = conditions.map(({ type, reason }) => `${type} ${reason}`)
      return [name, [...texts, ...(status?.certificate === undefined ? [] : ['signed'])].join(', ')]
    }),
  )

describe('rollcall kubernetes approve in a pod', () => {
  it('approves the address of the token and of the record, denies another one, and the signer signs', async () => {
    await send('by-token', { address: ATTESTED.join('.') })
    await send('by-record', {})
    await send('other-address', { asks: [10, 0, 0, 9] })
    await send('unknown', { node: `${REGION}.i-unknown` })
    const { status, stdout, stderr } = await once()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const reasons = jsonLines(stdout).map(({ name, decision, reason }) => [name, decision, reason])
    expect(reasons.toSorted()).toEqual([
      ['by-record', 'approve', 'Attested'],
      ['by-token', 'approve', 'Attested'],
      ['other-address', 'deny', 'AddressNotAttested'],
      ['unknown', 'leave', 'NotEnrolled'],
    ])
    await waitUntil(
      () => Object.values(states()).filter((it) => it.includes('signed')).length === 2,
      {
        seconds: 10,
        what: 'two certificates',
      },
    )
    expect(states()).toEqual({
      'by-token': 'Approved Attested, signed',
      'by-record': 'Approved Attested, signed',
      'other-address': 'Denied AddressNotAttested',
      unknown: '',
    })
    expect(service.events.filter(({ action }) => action === 'show').length).toBeGreaterThan(0)
  })

  it('leaves names alone that nothing attests, and a banned node that has the address of its token', async () => {
    const banned = 'i-bp1banned'
    await service.enroll(banned)
    const ban = await service.admin(['ban', 'instance', banned, '--reason', 'stolen'])
    expect(ban.status, ban.stderr).toBe(0)
    // As after a bootstrap token of kubeadm, which gives a client certificate for any node's name.
    await send('api-server', { node: 'kubernetes.default.svc', asks: [] })
    await send('banned-name', { node: `${REGION}.${banned}`, asks: [] })
    await send('banned-token', { node: `${REGION}.${banned}`, address: ATTESTED.join('.') })
    await send('enrolled-name', { asks: [] })
    const { status, stdout, stderr } = await once()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const reasons = jsonLines(stdout).map(({ name, decision, reason }) => [name, decision, reason])
    expect(reasons.toSorted()).toEqual([
      ['api-server', 'leave', 'NotEnrolled'],
      ['banned-name', 'leave', 'RecordRevoked'],
      ['banned-token', 'leave', 'RecordRevoked'],
      ['enrolled-name', 'approve', 'Attested'],
    ])
  })

  it('approves the address of a node that a Node of another instance claims, but not if it is attested', async () => {
    const other = 'i-bp1other'
    await service.enroll(other)
    // A kubelet writes any addresses into the status of its own Node.
    const claim = (name: string): void => {
      const status = { addresses: [{ type: 'InternalIP', address: ATTESTED.join('.') }] }
      server.put({ apiVersion: 'v1', kind: 'Node', metadata: { name }, status })
    }
    claim(`${REGION}.i-taken`)
    claim('not-an-instance')
    await send('csr-a', {})
    expect(jsonLines((await once()).stdout)).toMatchObject([{ name: 'csr-a', reason: 'Attested' }])
    // All instances of this service enroll with one address.
    claim(`${REGION}.${other}`)
    await send('csr-b', {})
    expect(jsonLines((await once()).stdout)).toMatchObject([
      { name: 'csr-b', decision: 'leave', reason: 'AddressOfOtherNode' },
    ])
    const ban = await service.admin(['ban', 'instance', other, '--reason', 'stolen'])
    expect(ban.status, ban.stderr).toBe(0)
    expect(jsonLines((await once()).stdout)).toMatchObject([{ name: 'csr-b', reason: 'Attested' }])
  })

  it('approves the request of a node behind 101 requests of another one', async () => {
    for (let i = 0; i < 101; i++) {
      await send(`a-${String(i).padStart(3, '0')}`, { node: `${REGION}.i-flood`, asks: [] })
    }
    await send('z-102', { address: ATTESTED.join('.') })
    expect(jsonLines((await once()).stdout)[0]).toMatchObject({
      name: 'z-102',
      decision: 'approve',
    })
  })

  it('looks at all nodes behind 100 requests of names that a bootstrap token can have', async () => {
    for (let i = 0; i < 100; i++) {
      const node = `${REGION}.i-flood${Math.floor(i / 5)}`
      await send(`a-${String(i).padStart(3, '0')}`, { node })
    }
    await send('y-101', {})
    await send('z-102', { address: ATTESTED.join('.') })
    const lines = jsonLines((await once()).stdout)
    expect(lines[0]).toMatchObject({ name: 'z-102', decision: 'approve' })
    expect(lines.at(-1)).toMatchObject({ decision: 'leave', reason: 'NotEnrolled' })
    expect(lines).toHaveLength(102)
    expect(states()).toMatchObject({
      'y-101': expect.stringContaining('Approved Attested'),
      'z-102': expect.stringContaining('Approved Attested'),
    })
  })

  it('needs every rule of its ClusterRole', async () => {
    const role = ofKind('ClusterRole')
    const rules = role['rules'] as readonly object[]
    await send('csr-a', { address: ATTESTED.join('.') })
    for (const rule of rules) {
      server.put({ ...role, rules: rules.filter((it) => it !== rule) })
      const { status, stderr } = await once()
      expect({ status, rule }, stderr).toEqual({ status: 4, rule })
      expect(stderr).toContain('The API server answered 403')
      expect(states()).toEqual({ 'csr-a': '' })
    }
  })

  it('goes on with the token that replaced an old one, and ends at SIGTERM', async () => {
    const folder = accountFolder('old')
    const { status, stdout, stderr } = await approve(folder, [], (child, output) => {
      void (async () => {
        await waitUntil(() => output.stderr.includes('answered 401'), { seconds: 20, what: '401' })
        writeFileSync(join(folder, 'token'), server.tokenFor(APPROVER))
        await waitUntil(
          () =>
            server.answered.some(({ path, status: it }) => path.includes('limit=') && it === 200),
          {
            seconds: 20,
            what: 'a list',
          },
        )
        await send('csr-a', { address: ATTESTED.join('.') })
        await waitUntil(() => output.stdout.includes('csr-a'), { seconds: 20, what: 'a decision' })
        child.kill('SIGTERM')
      })()
    })
    expect(status, stderr).toBe(0)
    expect(jsonLines(stdout)).toMatchObject([{ name: 'csr-a', decision: 'approve' }])
    expect(stderr).toContain('stopped')
  })

  it('decides about each request once, also with two of them at a time', async () => {
    const running: { kill: () => unknown; output: { stdout: string } }[] = []
    const folder = accountFolder(server.tokenFor(APPROVER))
    const ends = [0, 1].map(() =>
      approve(folder, [], (child, output) =>
        running.push({ kill: () => child.kill('SIGTERM'), output }),
      ),
    )
    await waitUntil(
      () => server.answered.filter(({ path }) => path.includes('limit=')).length >= 2,
      {
        seconds: 20,
        what: 'two approvers',
      },
    )
    for (let i = 0; i < 12; i++) {
      await send(`csr-${i}`, {
        address: ATTESTED.join('.'),
        asks: i % 2 === 0 ? ATTESTED : [10, 0, 0, 9],
      })
    }
    await waitUntil(() => Object.values(states()).every((state) => state !== ''), {
      seconds: 20,
      what: 'twelve decisions',
    })
    for (const { kill } of running) kill()
    for (const { status, stderr } of await Promise.all(ends)) expect(status, stderr).toBe(0)
    const puts = server.answered.filter(
      ({ method, path }) => method === 'PUT' && path.endsWith('/approval'),
    )
    expect(puts.filter(({ status }) => status === 200)).toHaveLength(12)
    expect(puts.filter(({ status }) => status !== 200 && status !== 409)).toEqual([])
  })

  it('refuses an API server whose certificate is of another CA', async () => {
    const other = await startApiServer()
    const folder = accountFolder(server.tokenFor(APPROVER))
    writeFileSync(join(folder, 'ca.crt'), other.ca)
    await other.close()
    const { status, stderr } = await approve(folder, ['--once'])
    expect(status).toBe(5)
    expect(stderr).toMatch(
      /does not answer \((?:UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_SIGNATURE_FAILURE)\)/,
    )
  })
})

describe('rollcall kubernetes approve outside of the cluster', () => {
  it('reaches the cluster through kubectl proxy, with the rights of the kubeconfig', async (context) => {
    const kubectl = await requireKubectl(context)
    const kubeconfig = join(service.command.folder, 'kubeconfig')
    writeFileSync(kubeconfig, await server.kubeconfig(), { mode: 0o600 })
    const proxy = startProcess(kubectl, ['--kubeconfig', kubeconfig, 'proxy', '--port', '0'])
    try {
      const serving = (): string | undefined =>
        /serve on (127\.0\.0\.1:\d+)/.exec(proxy.output.stdout)?.[1]
      await waitUntil(() => serving() !== undefined, { seconds: 20, what: 'kubectl proxy' })
      await send('csr-a', { address: ATTESTED.join('.') })
      const through = ['--api-server', `http://${serving()}`]
      const command = ['kubernetes', 'approve', '--issuer', service.url, ...through]
      const tried = await service.command.run([...command, '--once', '--dry-run'])
      expect(tried.stdout, tried.stderr).toContain('would approve: csr-a')
      expect(states()).toEqual({ 'csr-a': '' })
      const { status, stderr } = await service.command.run(command, {
        started: (child, output) =>
          void waitUntil(() => output.stdout.includes('approved: csr-a'), {
            seconds: 20,
            what: 'the approval',
          }).finally(() => child.kill('SIGTERM')),
      })
      expect(status, stderr).toBe(0)
      expect(states()['csr-a']).toContain('Approved Attested')
    } finally {
      await proxy.stop()
    }
  })
})
