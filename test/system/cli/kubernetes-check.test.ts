// `rollcall kubernetes config --check` with a kubectl that is a script: how it is called, and what happens if it fails.

import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { type Run, createCommand } from '../../support/command.ts'

const command = createCommand()
afterAll(() => command.remove())

const file = (name: string): string => join(command.folder, name)

const SELF = 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient'
const GOOD = {
  version: { gitVersion: 'v1.35.2' },
  clusterroles: {
    items: [
      {
        metadata: { name: SELF },
        rules: [
          {
            verbs: ['create'],
            apiGroups: ['certificates.k8s.io'],
            resources: ['certificatesigningrequests/selfnodeclient'],
          },
        ],
      },
    ],
  },
  clusterrolebindings: {
    items: [
      {
        metadata: { name: 'self' },
        roleRef: { name: SELF },
        subjects: [{ kind: 'Group', name: 'system:nodes' }],
      },
    ],
  },
  validatingadmissionpolicies: {
    items: [
      {
        metadata: { name: 'p' },
        spec: {
          matchConstraints: {
            resourceRules: [{ apiGroups: ['*'], resources: ['*'], operations: ['*'] }],
          },
          validations: [{ expression: 'has(request.userInfo.extra)' }],
        },
      },
    ],
  },
  validatingadmissionpolicybindings: {
    items: [{ spec: { policyName: 'p', validationActions: ['Deny'] } }],
  },
  pods: { items: [] },
}

/** Writes a kubectl that records its arguments and prints what stands in a file for the thing asked for. */
const fakeKubectl = (answers: Readonly<Record<string, unknown>>, script = ''): void => {
  for (const [name, answer] of Object.entries(answers)) {
    writeFileSync(file(`answer-${name}`), JSON.stringify(answer))
  }
  writeFileSync(
    file('kubectl'),
    `#!/bin/sh
echo "$*" >> '${file('calls')}'
what=$2; [ "$what" = --raw ] && what=version
${script}
cat '${command.folder}'/answer-$what
`,
  )
  chmodSync(file('kubectl'), 0o755)
}

beforeEach(() => rmSync(file('calls'), { force: true }))

const check = (...args: readonly string[]): Promise<Run> =>
  command.run(['kubernetes', 'config', '--check', '--kubectl', file('kubectl'), ...args])

describe('rollcall kubernetes config --check', () => {
  it('prints one line for each thing, and ends with 0 if nothing is bad', async () => {
    fakeKubectl(GOOD)
    const { status, stdout, stderr } = await check()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toBe(
      [
        'ok       server version         v1.35.2',
        'ok       nodeclient             no node gets a certificate for another node',
        'ok       selfnodeclient         nodes get certificates for their own names',
        'ok       renewal                ValidatingAdmissionPolicy p looks at who asks for a certificate; its expressions are not checked here',
        'unknown  authentication config  the pods of kube-apiserver cannot be seen; ask who runs the control plane',
        'unknown  Node authorizer        the pods of kube-apiserver cannot be seen; ask who runs the control plane',
        'unknown  NodeRestriction        the pods of kube-apiserver cannot be seen; ask who runs the control plane',
        'unknown  anonymous access       the pods of kube-apiserver cannot be seen; ask who runs the control plane',
        'unknown  signing duration       the pods of kube-controller-manager cannot be seen; ask who runs the control plane',
        '',
      ].join('\n'),
    )
  })

  it('only reads, in the context that was named', async () => {
    fakeKubectl(GOOD)
    await check('--context', 'my cluster')
    const end = '--request-timeout=30s --context=my cluster'
    expect(readFileSync(file('calls'), 'utf8').split('\n')).toEqual([
      `get --raw /version ${end}`,
      `get clusterroles --output=json ${end}`,
      `get clusterrolebindings --output=json ${end}`,
      `get validatingadmissionpolicies --output=json ${end}`,
      `get validatingadmissionpolicybindings --output=json ${end}`,
      `get pods --namespace=kube-system --selector=tier=control-plane --output=json ${end}`,
      '',
    ])
  })

  it('ends with 1 if something is bad', async () => {
    fakeKubectl(GOOD)
    const { status, stdout } = await check('--mode', 'a')
    expect(status).toBe(1)
    expect(stdout).toContain('bad      selfnodeclient         ClusterRoleBinding self gives it')
    expect(stdout).not.toContain('signing duration')
  })

  it('prints the same as JSON', async () => {
    fakeKubectl({ ...GOOD, version: { gitVersion: 'v1.29.0' } })
    const { status, stdout } = await check('--json')
    expect(status).toBe(1)
    const { mode, findings } = JSON.parse(stdout) as { mode: string; findings: object[] }
    expect(mode).toBe('b')
    expect(findings[0]).toEqual({
      state: 'bad',
      name: 'server version',
      detail: 'v1.29.0 reads no AuthenticationConfiguration',
      remedy: 'upgrade to 1.30, or use the TokenReview webhook of the service',
    })
    expect(findings).toHaveLength(8)
  })

  it.each([
    ['clusterroles', ['unknown  nodeclient', 'unknown  selfnodeclient']],
    ['clusterrolebindings', ['unknown  nodeclient', 'unknown  selfnodeclient']],
    ['validatingadmissionpolicies', ['unknown  renewal', 'ok       selfnodeclient']],
    ['validatingadmissionpolicybindings', ['unknown  renewal']],
    ['pods', ['unknown  NodeRestriction', 'ok       nodeclient']],
    ['version', ['unknown  server version']],
  ])('says unknown where this user may not see %s', async (what, lines) => {
    const refusal = `Error from server (Forbidden): ${what} is forbidden`
    fakeKubectl(GOOD, `[ $what = ${what} ] && { echo '${refusal}' >&2; exit 1; }`)
    const { status, stdout } = await check()
    expect(status).toBe(0)
    for (const line of lines) expect(stdout).toContain(line)
  })

  it('escapes what a cluster says: a name cannot write to the terminal', async () => {
    fakeKubectl({ ...GOOD, version: { gitVersion: 'v1.35.2\u001b[2J\nok       all' } })
    const { stdout } = await check()
    expect(stdout).not.toContain('\u001b')
    expect(stdout.split('\n')[1]).toContain('nodeclient')
  })

  it.each<[string, string, string]>([
    [
      'an unreachable server',
      `echo 'E1 memcache.go: noise' >&2; echo 'The connection to the server was refused' >&2; exit 1`,
      'kubectl: get --raw /version: The connection to the server was refused',
    ],
    ['no words', 'exit 3', 'kubectl: get --raw /version: Command failed'],
    [
      'another output',
      'echo nonsense; exit 0',
      'kubectl: get --raw /version: the output is not JSON',
    ],
    [
      'no list',
      '[ $what = pods ] && { echo "{}"; exit 0; }',
      'kubectl: get pods: the output is not a list',
    ],
  ])('ends with 5 if kubectl fails with %s', async (_, script, message) => {
    fakeKubectl(GOOD, script)
    const { status, stdout, stderr } = await check()
    expect({ status, stdout }).toEqual({ status: 5, stdout: '' })
    expect(stderr).toContain(`rollcall: ${message}`)
  })

  it('ends with 5 if there is no kubectl', async () => {
    const { status, stderr } = await check('--kubectl', file('no-such-kubectl'))
    expect(status).toBe(5)
    expect(stderr).toBe(
      `rollcall: kubectl: cannot run ${file('no-such-kubectl')} (ENOENT); name it by --kubectl PATH\n`,
    )
  })

  it.each([
    [['--mode', 'c'], '--mode: expected a or b, not c'],
    [['https://rollcall.example'], '--check does not take ISSUER'],
    [['--audience', 'x'], '--check does not take --audience'],
    [['--anonymous-paths', '/livez'], '--check does not take --anonymous-paths'],
  ])('refuses %j', async (args, message) => {
    fakeKubectl(GOOD)
    const { status, stderr } = await check(...args)
    expect(status).toBe(2)
    expect(stderr).toBe(`rollcall: ${message}\n`)
  })

  it('needs --check for the options of a check', async () => {
    const run = await command.run(['kubernetes', 'config', 'https://a.example', '--mode', 'b'])
    expect(run).toEqual({ status: 2, stdout: '', stderr: 'rollcall: --mode needs --check\n' })
  })
})
