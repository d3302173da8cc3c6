// `rollcall kubernetes approve`: what it writes into a cluster, what it reports, how it goes on and how it ends.

import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type AdminService,
  ACCOUNT,
  REGION,
  startAdminService,
} from '../../../support/admin-service.ts'
import {
  type CsrJson,
  addressName,
  dnsName,
  nodeSubject,
  requestDer,
  servingCsr,
  toPem,
  toRequest,
} from '../../../support/certificate-requests.ts'
import { jsonLines } from '../../../support/command.ts'
import type { Run, RunOptions } from '../../../support/command.ts'
import { type CsrCluster, startCsrCluster } from '../../../support/csr-cluster.ts'
import { readProjectFile } from '../../../support/sources.ts'

const INSTANCE = 'i-bp1aaa'
const NODE = `${REGION}.${INSTANCE}`
const ATTESTED = [192, 168, 10, 21] as const
const ADDRESS = ATTESTED.join('.')

let service: AdminService
let cluster: CsrCluster
let request: string
let otherAddress: string
let nameAlone: string
beforeAll(async () => {
  const of = async (...names: readonly number[]): Promise<string> =>
    toRequest(
      toPem(
        await requestDer({
          subject: nodeSubject(NODE),
          names: [dnsName(NODE), addressName(...names)],
        }),
      ),
    )
  request = await of(...ATTESTED)
  otherAddress = await of(10, 9, 8, 7)
  nameAlone = toRequest(
    toPem(await requestDer({ subject: nodeSubject(NODE), names: [dnsName(NODE)] })),
  )
})
beforeEach(async () => {
  service = await startAdminService()
  cluster = await startCsrCluster(service.timing.now)
})
afterEach(async () => {
  await cluster.close()
  await service.close()
})

const EXTRA = { extra: { '127.0.0.1/addresses': [ADDRESS] } }

/** A request of the node, whose user has its address. */
const own = (name: string, text = request, spec: Partial<CsrJson['spec']> = EXTRA): CsrJson =>
  servingCsr(NODE, text, spec, name)

const approve = (args: readonly string[], options: RunOptions = {}): Promise<Run> =>
  service.command.run(
    ['kubernetes', 'approve', '--issuer', service.url, '--api-server', cluster.url, ...args],
    options,
  )

const withRecords = (): string[] => ['--admin-key', service.keyFile, '--account', ACCOUNT]

/** Requests of 21 users without a token, as after a bootstrap token of kubeadm. All have names of instances. */
const flood = async (): Promise<void> => {
  for (let user = 0; user < 21; user++) {
    const node = `${REGION}.i-flood${user}`
    const names = [addressName(10, 0, 0, 1)]
    const text = toRequest(toPem(await requestDer({ subject: nodeSubject(node), names })))
    for (let i = 0; i < 5; i++) cluster.put(servingCsr(node, text, {}, `a-${user}-${i}`))
  }
}

/** How often the record of an instance was read. */
const shown = (): number => service.events.filter(({ action }) => action === 'show').length

/** Sends SIGTERM when an output has a text. */
const until =
  (text: string): NonNullable<RunOptions['watch']> =>
  ({ stdout, stderr }, kill) => {
    if ((stdout + stderr).includes(text)) kill('SIGTERM')
  }

describe('rollcall kubernetes approve --once', () => {
  it('approves the request of a node with its own address, and says so', async () => {
    cluster.put(own('csr-a'))
    const { status, stdout, stderr } = await approve(['--once'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toBe(
      `approved: csr-a of system:node:${NODE}: Attested: rollcall attests every name and address of this request\n`,
    )
    expect(cluster.get('csr-a')?.status?.conditions).toEqual([
      {
        type: 'Approved',
        status: 'True',
        reason: 'Attested',
        message: 'rollcall attests every name and address of this request',
        lastUpdateTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      },
    ])
  })

  it('denies another address, and leaves the request of a person', async () => {
    cluster.put(own('csr-other', otherAddress))
    cluster.put(own('csr-person', request, { username: 'admin' }))
    const { stdout } = await approve(['--once'])
    expect(cluster.conditionsOf('csr-other')).toMatchObject([
      {
        type: 'Denied',
        reason: 'AddressNotAttested',
        message: `The address "10.9.8.7" is not attested; the cloud signed "${ADDRESS}"`,
      },
    ])
    expect(cluster.conditionsOf('csr-person')).toEqual([])
    expect(stdout.split('\n')).toHaveLength(2)
  })

  it('prints one line of JSON for each decision', async () => {
    cluster.put(own('csr-a'))
    const { stdout } = await approve(['--once', '--json'])
    expect(jsonLines(stdout)).toEqual([
      {
        time: expect.stringMatching(/Z$/),
        decision: 'approve',
        reason: 'Attested',
        message: expect.any(String),
        name: 'csr-a',
        uid: 'uid-of-csr-a',
        username: `system:node:${NODE}`,
        signer: 'kubernetes.io/kubelet-serving',
        dry_run: false,
      },
    ])
  })

  it('writes nothing with --dry-run', async () => {
    cluster.put(own('csr-a'))
    cluster.put(own('csr-b', otherAddress))
    const { stdout } = await approve(['--once', '--dry-run'])
    expect(stdout).toMatch(/^would approve: csr-a .*\nwould deny: csr-b .*\n$/)
    expect(cluster.calls.filter((call) => call.startsWith('PUT'))).toEqual([])
  })

  it('reads all pages of requests and Nodes, and leaves an address that another attested Node has', async () => {
    for (let i = 0; i < 150; i++) cluster.putNode(`node-${i}`, `10.1.0.${i}`)
    cluster.putNode('last', ADDRESS)
    cluster.put(servingCsr('last', request, EXTRA, 'csr-last'))
    for (let i = 0; i < 520; i++) cluster.put(own(`other-${i}`, request, { username: 'admin' }))
    cluster.put(own('csr-a'))
    const { stdout } = await approve(['--once'])
    expect(stdout).toContain('left pending: csr-a')
    expect(stdout).toContain('AddressOfOtherNode: The attested Node "last" has the address')
    expect(cluster.calls.filter((call) => call === 'GET /api/v1/nodes')).toHaveLength(2)
  })

  it('ignores a Node that claims the address of another one, which nothing attests', async () => {
    // A kubelet that was taken over writes what it likes into the status of its own Node.
    cluster.putNode(`${REGION}.i-taken`, '10.1.0.1', ADDRESS)
    cluster.put(
      servingCsr(
        `${REGION}.i-taken`,
        request,
        { extra: { '127.0.0.1/addresses': ['10.1.0.1'] } },
        'csr-taken',
      ),
    )
    cluster.put(own('csr-a'))
    expect((await approve(['--once'])).stdout).toContain('approved: csr-a')
    await service.enroll(INSTANCE)
    cluster.put(own('csr-b', request, {}))
    expect((await approve(['--once', ...withRecords()])).stdout).toContain('approved: csr-b')
  })

  it('leaves an address that another Node has by its record, until that instance is banned', async () => {
    await service.enroll(INSTANCE)
    await service.enroll('i-bp1bbb')
    cluster.putNode(`${REGION}.i-bp1bbb`, ADDRESS)
    cluster.put(own('csr-a'))
    const { stdout } = await approve(['--once', ...withRecords()])
    expect(stdout).toContain(`AddressOfOtherNode: The attested Node "${REGION}.i-bp1bbb" has`)
    await service.admin(['ban', 'instance', 'i-bp1bbb', '--reason', 'stolen'])
    expect((await approve(['--once', ...withRecords()])).stdout).toContain('approved: csr-a')
  })

  it('takes the address from a record, which it finds by the name of the node', async () => {
    await service.enroll(INSTANCE)
    cluster.put(own('csr-a', request, {}))
    cluster.put(own('csr-b', otherAddress, {}))
    const { stdout, stderr } = await approve(['--once', ...withRecords()])
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^approved: csr-a .*\ndenied: csr-b .*AddressNotAttested/)
    expect(service.events.map(({ action }) => action)).toContain('show')
  })

  it.each<[string, string, () => Promise<unknown>]>([
    ['without a record', 'NotEnrolled', async () => undefined],
    [
      'with an old record',
      'RecordTooOld',
      async () => {
        await service.enroll(INSTANCE)
        await service.timing.wait(3700)
      },
    ],
    [
      'of a revoked instance',
      'RecordRevoked',
      async () => {
        await service.enroll(INSTANCE)
        await service.admin(['revoke', ACCOUNT, REGION, INSTANCE])
      },
    ],
    [
      'of an instance that was reset',
      'RecordRevoked',
      async () => {
        await service.enroll(INSTANCE)
        await service.admin(['reset', ACCOUNT, REGION, INSTANCE])
      },
    ],
    [
      'of a banned instance',
      'RecordRevoked',
      async () => {
        await service.enroll(INSTANCE)
        await service.admin(['ban', 'instance', INSTANCE, '--reason', 'stolen'])
      },
    ],
    [
      'with the service down',
      'ServiceUnavailable',
      async () => {
        const down = (): Response => new Response('', { status: 503 })
        service.troubles.push(down, down, down, down)
      },
    ],
  ])('leaves a request %s', async (_, reason, prepare) => {
    await prepare()
    cluster.put(own('csr-a', request, {}))
    const { status, stdout } = await approve(['--once', ...withRecords()], {
      timing: service.timing,
    })
    expect(stdout).toContain(`left pending: csr-a of system:node:${NODE}: ${reason}: `)
    expect(status).toBe(0)
    expect(cluster.conditionsOf('csr-a')).toEqual([])
  })

  it.each<[string, string[], string]>([
    ['without records', [], 'AddressUnknown'],
    ['with records', ['records'], 'NotEnrolled'],
  ])('leaves a name alone that nothing attests, %s', async (_, records, reason) => {
    // A bootstrap token of kubeadm gives a client certificate for any name of a node.
    const node = 'kubernetes.default.svc'
    const der = await requestDer({ subject: nodeSubject(node), names: [dnsName(node)] })
    cluster.put(servingCsr(node, toRequest(toPem(der)), {}, 'csr-any'))
    cluster.put(own('csr-own', nameAlone, {}))
    const { stdout } = await approve(['--once', ...(records.length > 0 ? withRecords() : [])])
    for (const name of ['csr-any', 'csr-own']) {
      expect(stdout).toMatch(new RegExp(`^left pending: ${name} of \\S+: ${reason}: `, 'm'))
      expect(cluster.conditionsOf(name)).toEqual([])
    }
    expect(stdout).not.toContain('approved')
  })

  it('approves a name alone that a record attests, and not after a ban', async () => {
    await service.enroll(INSTANCE)
    cluster.put(own('csr-a', nameAlone, {}))
    expect((await approve(['--once', ...withRecords()])).stdout).toContain('approved: csr-a')
    await service.admin(['ban', 'instance', INSTANCE, '--reason', 'stolen'])
    cluster.put(own('csr-b', nameAlone, {}))
    expect((await approve(['--once', ...withRecords()])).stdout).toContain('RecordRevoked')
    expect(cluster.conditionsOf('csr-b')).toEqual([])
  })

  it('takes the address of the user for an hour after the request was made, then the address of a record', async () => {
    cluster.put(own('csr-a'))
    await service.timing.wait(3700)
    expect((await approve(['--once'])).stdout).toContain('left pending: csr-a')
    await service.enroll(INSTANCE)
    expect((await approve(['--once', ...withRecords()])).stdout).toContain('approved: csr-a')
  })

  it('leaves a banned node with the address in its user if it has an operator’s key', async () => {
    await service.enroll(INSTANCE)
    await service.admin(['ban', 'instance', INSTANCE, '--reason', 'stolen'])
    cluster.put(own('csr-a'))
    const { stdout } = await approve(['--once', ...withRecords()])
    expect(stdout).toContain(`left pending: csr-a of system:node:${NODE}: RecordRevoked: `)
    expect(cluster.conditionsOf('csr-a')).toEqual([])
    // Without a key nobody is asked.
    expect((await approve(['--once'])).stdout).toContain('approved: csr-a')
  })

  it('leaves a node with the address in its user while it cannot ask for the record', async () => {
    await service.enroll(INSTANCE)
    cluster.put(own('csr-a'))
    const down = (): Response => new Response('', { status: 503 })
    service.troubles.push(down, down, down, down)
    const { stdout } = await approve(['--once', ...withRecords()])
    expect(stdout).toContain('ServiceUnavailable')
    service.troubles.length = 0
    expect((await approve(['--once', ...withRecords()])).stdout).toContain('approved: csr-a')
  })

  it('decides about the request of a node behind 101 requests of another one', async () => {
    const node = `${REGION}.i-flood`
    const names = [addressName(10, 0, 0, 1)]
    const text = toRequest(toPem(await requestDer({ subject: nodeSubject(node), names })))
    for (let i = 0; i < 101; i++) cluster.put(servingCsr(node, text, {}, `a-${i}`))
    cluster.put(own('csr-own'))
    expect((await approve(['--once'])).stdout).toContain('approved: csr-own')
  })

  it('looks at a node with a token before all nodes without one', async () => {
    await flood()
    cluster.put(own('csr-own'))
    expect((await approve(['--once'])).stdout).toMatch(/^approved: csr-own /)
    await service.enroll(INSTANCE)
    cluster.put(own('csr-again'))
    expect((await approve(['--once', ...withRecords()])).stdout).toMatch(/^approved: csr-again /)
  })

  it('looks at a node with a record behind 105 requests that rollcall knows nothing of', async () => {
    await flood()
    await service.enroll(INSTANCE)
    cluster.put(own('csr-own', request, {}))
    const { stdout } = await approve(['--once', ...withRecords()])
    expect(stdout).toContain('approved: csr-own')
    expect(stdout).not.toContain('TooMany')
    expect(stdout.match(/NotEnrolled/g)).toHaveLength(105)
    // 21 users in each of two walks, and the node once.
    expect(shown()).toBe(43)
  })

  it('looks at the sixth request of a user, behind five that no record attests', async () => {
    for (const instance of [INSTANCE, 'i-bp1bbb']) await service.enroll(instance)
    cluster.putNode(`${REGION}.i-bp1bbb`, ADDRESS)
    for (let i = 0; i < 5; i++) cluster.put(own(`a-${i}`, request, {}))
    cluster.put(own('csr-6', nameAlone, {}))
    const { stdout } = await approve(['--once', ...withRecords()])
    expect(stdout.match(/AddressOfOtherNode/g)).toHaveLength(5)
    expect(stdout).toContain('approved: csr-6')
  })

  it('gives no place to a request that nothing will ever attest, and asks nobody about it', async () => {
    for (let i = 0; i < 120; i++) {
      const node = `not-an-instance${i}`
      const der = await requestDer({ subject: nodeSubject(node), names: [dnsName(node)] })
      cluster.put(servingCsr(node, toRequest(toPem(der)), {}, `a-${i}`))
    }
    const { stdout } = await approve(['--once', ...withRecords()])
    expect(stdout.match(/NotEnrolled/g)).toHaveLength(120)
    expect(shown()).toBe(0)
    expect((await approve(['--once'])).stdout.match(/AddressUnknown/g)).toHaveLength(120)
  })

  it('reads a request again that has changed, and does not overwrite the decision of a person', async () => {
    cluster.put(own('csr-a'))
    let changed = false
    cluster.trouble = (method) => {
      if (method === 'PUT' && !changed) {
        changed = true
        cluster.put({
          ...own('csr-a'),
          status: { conditions: [{ type: 'Denied', status: 'True' }] },
        })
      }
      return undefined
    }
    const { status, stdout } = await approve(['--once'])
    expect(status).toBe(0)
    expect(cluster.conditionsOf('csr-a').map(({ type }) => type)).toEqual(['Denied'])
    expect(stdout).toContain('AlreadyDecided')
  })

  it('passes over a request that was deleted meanwhile', async () => {
    cluster.put(own('csr-a'))
    cluster.trouble = (method) => {
      if (method === 'PUT') cluster.remove('csr-a')
      return undefined
    }
    expect(await approve(['--once'])).toMatchObject({ status: 0, stdout: '' })
  })

  it.each<[string, string, number, number, string]>([
    ['the list is forbidden', 'GET', 403, 4, 'its ClusterRole lacks a right'],
    ['the approval is forbidden', 'PUT', 403, 4, 'its ClusterRole lacks a right'],
    [
      'the token is not accepted',
      'GET',
      401,
      4,
      'the token of the service account is not accepted',
    ],
    ['the server fails', 'GET', 500, 5, 'The API server answered 500 to GET /apis/'],
  ])('ends with a message if %s', async (_, method, answered, status, message) => {
    cluster.put(own('csr-a'))
    cluster.trouble = (asked) => (asked === method ? answered : undefined)
    const run = await approve(['--once'])
    expect(run.status).toBe(status)
    expect(run.stderr).toContain(message)
  })

  it('decides about the others, and then ends with a message, if one decision cannot be written', async () => {
    cluster.put(own('a-large', otherAddress))
    cluster.put(own('b-honest'))
    cluster.trouble = (method, path) =>
      method === 'PUT' && path.includes('a-large') ? 500 : undefined
    const { status, stdout, stderr } = await approve(['--once'])
    expect(status).toBe(5)
    expect(stdout).toContain('approved: b-honest')
    expect(stderr).toContain('a-large: The API server answered 500')
  })

  it('ends with status 5 if the server cannot be reached', async () => {
    await cluster.close()
    const run = await approve(['--once'])
    expect(run).toMatchObject({ status: 5 })
    expect(run.stderr).toContain(`${cluster.url} does not answer (ECONNREFUSED)`)
    cluster = await startCsrCluster(service.timing.now)
  })

  it('decides about client certificates only with the options that name their users', async () => {
    const text = toRequest(toPem(await requestDer({ subject: nodeSubject(NODE) })))
    const spec = {
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      username: `rollcall:${NODE}`,
      groups: ['system:bootstrappers:rollcall'],
      usages: ['digital signature', 'client auth'],
      ...EXTRA,
    }
    cluster.put(own('csr-a', text, spec))
    expect((await approve(['--once'])).stdout).toBe('')
    const users = ['--client-user-prefix', 'rollcall:', '--client-user-group', spec.groups[0] ?? '']
    expect((await approve(['--once', ...users])).stdout).toContain('approved: csr-a')
  })
})

describe('rollcall kubernetes approve', () => {
  it('watches, decides about each new request once, and ends at SIGTERM', async () => {
    cluster.put(own('csr-a'))
    let added = false
    const { status, stdout, stderr } = await approve([], {
      watch: ({ stdout: out }, kill) => {
        if (out.includes('csr-a') && !added) {
          added = true
          setTimeout(() => cluster.put(own('csr-b')), 50)
        }
        if (out.includes('csr-b')) kill('SIGTERM')
      },
    })
    expect(status, stderr).toBe(0)
    expect(stderr).toMatch(/watching the certificate requests of .*\n.*stopped\n$/)
    expect(stdout.match(/approved/g)).toHaveLength(2)
    expect(cluster.calls.filter((call) => call.startsWith('PUT'))).toHaveLength(2)
    expect(cluster.watches[0]?.get('allowWatchBookmarks')).toBe('true')
  })

  it('says what the page shows, with and without an operator’s key', async () => {
    const page = readProjectFile('docs/use/kubernetes-approver.md')
    const shown = (text: string): string =>
      text
        .trim()
        .replace(cluster.url, 'https://10.96.0.1')
        .replace('csr-a', 'csr-7x2lk')
        .replace(NODE, 'cn-hangzhou.i-bp1a')
    await service.enroll(INSTANCE)
    // Sent with a client certificate, as in mode B.
    cluster.put(own('csr-a', request, {}))
    const dry = ['--once', '--dry-run']
    const without = await approve(dry)
    expect(without.stdout).toMatch(/^would leave pending: csr-a .*: AddressUnknown: /)
    expect(page).toContain('`would leave pending`, with the reason `AddressUnknown`')
    const { stdout } = await approve([...dry, ...withRecords()])
    expect(page).toContain(`\n   ${shown(stdout)}\n`)
    const watching = await approve(withRecords(), { watch: until('approved: csr-a') })
    const [first = ''] = watching.stderr.split('\n')
    expect(page).toContain(`   ${shown(first)}\n   ${shown(watching.stdout)}\n`)
  })

  it('goes on from the bookmark when a watch ends, and looks again at what it left', async () => {
    cluster.putNode('other', ADDRESS)
    cluster.put(servingCsr('other', request, EXTRA, 'csr-other'))
    cluster.put(own('csr-a'))
    let ended = false
    const { stdout } = await approve([], {
      watch: ({ stdout: out }, kill) => {
        if (out.includes('AddressOfOtherNode') && !ended) {
          ended = true
          cluster.putNode('other', '10.0.0.1')
          setTimeout(() => cluster.endWatches(), 100)
        }
        if (out.includes('approved: csr-a')) kill('SIGTERM')
      },
    })
    expect(stdout.match(/AddressOfOtherNode/g)).toHaveLength(1)
    expect(cluster.calls.filter((call) => /^GET .*signingrequests$/.test(call))).toHaveLength(1)
  })

  it('leaves an address of another Node’s token, also when the request of that Node is gone', async () => {
    cluster.putNode('other', ADDRESS)
    cluster.put(servingCsr('other', request, EXTRA, 'csr-other'))
    cluster.put(own('csr-a'))
    const { stdout } = await approve([], {
      watch: ({ stdout: out }, kill) => {
        if (out.includes('csr-b')) kill('SIGTERM')
        else if (out.includes('AddressOfOtherNode') && cluster.get('csr-other') !== undefined) {
          setTimeout(() => {
            cluster.remove('csr-other')
            cluster.put(own('csr-b'))
          }, 50)
        }
      },
    })
    expect(stdout.match(/AddressOfOtherNode/g)).toHaveLength(2)
    expect(stdout).not.toContain('approved')
  })

  it('gives the requests that wait their turn after seconds', async () => {
    await flood()
    await service.enroll(INSTANCE)
    let isLate = false
    const { stdout } = await approve(withRecords(), {
      watch: ({ stdout: out }, kill) => {
        if (out.includes('a-20-4') && !isLate) {
          isLate = true
          cluster.put(own('z-late', request, {}))
          setTimeout(() => cluster.endWatches(), 100)
        }
        if (out.includes('approved: z-late')) kill('SIGTERM')
      },
    })
    expect(stdout).toContain('left pending: a-20-4 of')
    expect(stdout).toContain('TooManyPending: 100 requests of nodes are pending before this one')
    expect(cluster.watches[0]?.get('timeoutSeconds')).toBe('5')
    // A request is reported again only with another reason.
    const lines = stdout.split('\n').map((line) => line.split(': ').slice(0, 3).join(': '))
    expect(new Set(lines).size).toBe(lines.length)
  })

  it('lists again when its version is too old', async () => {
    let compacted = false
    const { stdout, stderr } = await approve([], {
      watch: ({ stdout: out, stderr: err }, kill) => {
        if (err.includes('watching') && !compacted) {
          compacted = true
          setTimeout(() => {
            cluster.compact()
            cluster.put(own('csr-a'))
          }, 100)
        }
        if (out.includes('approved: csr-a')) kill('SIGTERM')
      },
    })
    expect(stdout).toContain('approved: csr-a')
    expect(stderr).not.toContain('410')
    const lists = cluster.calls.filter((call) => /^GET .*signingrequests$/.test(call))
    expect(lists.length).toBeGreaterThan(1)
  })

  it('retries after a failure, and says what failed', async () => {
    cluster.put(own('csr-a'))
    let failures = 3
    cluster.trouble = (method) => (method === 'GET' && failures-- > 0 ? 503 : undefined)
    const { status, stderr } = await approve([], {
      timing: service.timing,
      watch: until('approved: csr-a'),
    })
    expect(status).toBe(0)
    expect(stderr.match(/answered 503 to GET .*retrying in \d+\.\d s/g)).toHaveLength(3)
    expect(service.timing.waits.length).toBeGreaterThanOrEqual(3)
  })

  it('goes on behind a request whose decision cannot be written, and says so once', async () => {
    cluster.put(own('a-large', otherAddress))
    cluster.put(own('b-first', otherAddress))
    cluster.trouble = (method, path) =>
      method === 'PUT' && /a-large|b-first/.test(path) ? 500 : undefined
    const { stderr, stdout } = await approve([], {
      timing: service.timing,
      watch: ({ stderr: err, stdout: out }, kill) => {
        if (err.includes('b-first') && cluster.get('c-honest') === undefined)
          cluster.put(own('c-honest'))
        if (out.includes('approved: c-honest')) kill('SIGTERM')
      },
    })
    expect(stdout).toContain('approved: c-honest')
    expect(stderr.match(/a-large: The API server answered 500/g)).toHaveLength(1)
    expect(stderr).toContain('it is tried again after the others')
  })

  it('writes a decision as soon as the server takes it', async () => {
    cluster.put(own('csr-a'))
    let failures = 2
    cluster.trouble = (method) => (method === 'PUT' && failures-- > 0 ? 500 : undefined)
    const ending = approve([], { watch: until('approved: csr-a') })
    const again = setInterval(() => cluster.endWatches(), 50)
    const { status, stdout } = await ending.finally(() => clearInterval(again))
    expect(status).toBe(0)
    expect(stdout).toContain('approved: csr-a')
    // The next walk is not a minute away.
    expect(cluster.watches[0]?.get('timeoutSeconds')).toBe('5')
  })

  it('does not try again what the server calls invalid', async () => {
    cluster.put(own('csr-a'))
    cluster.trouble = (method) => (method === 'PUT' ? 422 : undefined)
    const { stderr } = await approve([], { watch: until('not tried again') })
    expect(stderr).toContain('csr-a: The API server answered 422')
    expect(cluster.calls.filter((call) => call.startsWith('PUT'))).toHaveLength(1)
  })
})

describe('the options of rollcall kubernetes approve', () => {
  const usage = (...args: string[]): Promise<Run> =>
    service.command.run(['kubernetes', 'approve', ...args])
  const ISSUER = ['--issuer', 'https://rollcall.test']

  it.each<[string, readonly string[], string]>([
    ['no issuer', [], '--issuer is missing'],
    ['a pod’s server outside of a pod', ISSUER, 'KUBERNETES_SERVICE_HOST is not set'],
    [
      'a server with TLS',
      [...ISSUER, '--api-server', 'https://10.0.0.1:6443'],
      'run kubectl proxy',
    ],
    ['a server elsewhere', [...ISSUER, '--api-server', 'http://10.0.0.1'], 'run kubectl proxy'],
    ['an account without a key', [...ISSUER, '--account', '1'], 'give --admin-key FILE'],
    ['half of the users', [...ISSUER, '--client-user-prefix', 'a:'], 'belong together'],
    [
      'the group of kubeadm',
      [
        ...ISSUER,
        '--client-user-prefix',
        'a:',
        '--client-user-group',
        'system:bootstrappers:kubeadm:default-node-token',
      ],
      'kubeadm approves any node name',
    ],
  ])('refuse %s', async (_, args, message) => {
    const { status, stderr } = await usage(...args)
    expect(status).toBe(2)
    expect(stderr).toContain(message)
  })

  it.each<[string, readonly string[], string]>([
    ['no account', [], '--account is missing'],
    ['an account that is none', ['--account', 'a'], 'is not an account id'],
    ['a template without {instance_id}', ['--account', '1', '--node', 'n'], 'add {instance_id}'],
    [
      'a template with a field that is not recorded',
      ['--account', '1', '--node', '{zone_id}.{instance_id}'],
      'has no {zone_id}',
    ],
    [
      'a template without a region',
      ['--account', '1', '--node', '{instance_id}'],
      '--region is missing',
    ],
    ['a region that is none', ['--account', '1', '--region', 'A'], 'is not a region'],
  ])('refuse records with %s', async (_, args, message) => {
    const { status, stderr } = await usage(...ISSUER, '--admin-key', service.keyFile, ...args)
    expect(status).toBe(2)
    expect(stderr).toContain(message)
  })

  it('find records by a template without a region', async () => {
    await service.enroll(INSTANCE)
    const names = [dnsName(INSTANCE), addressName(...ATTESTED)]
    const text = toRequest(toPem(await requestDer({ subject: nodeSubject(INSTANCE), names })))
    cluster.put(servingCsr(INSTANCE, text))
    const template = ['--node', '{instance_id}', '--region', REGION]
    const { stdout } = await approve(['--once', ...withRecords(), ...template])
    expect(stdout).toContain('approved: csr-1')
  })
})
