// `rollcall kubernetes config --check` by real kubectl, against the stand-in API server: a cluster as kubeadm makes it,
// and what an administrator changes until nothing is bad.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Run, createCommand } from '../../support/command.ts'
import {
  type ApiServer,
  type ApiServerOptions,
  startApiServer,
} from '../../support/kubernetes/api-server.ts'
import { certificatePolicyManifests } from '../../support/kubernetes/certificate-policy.ts'
import { clusterRole, clusterRoleBinding } from '../../support/kubernetes/kubeadm-objects.ts'
import type { KubeconfigUser } from '../../support/kubernetes/kubeconfig.ts'
import { findKubectl, requireKubectl } from '../../support/kubernetes/kubectl.ts'

const command = createCommand()
let folder: string
beforeAll(async () => {
  // Downloaded here, which takes longer than a test. A test says why it is missing.
  await findKubectl().catch(() => undefined)
  folder = mkdtempSync(join(tmpdir(), 'rollcall-check-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
  command.remove()
})

const FLAGS = {
  apiserver: [
    '--authentication-config=/etc/kubernetes/rollcall/authentication.yaml',
    '--anonymous-auth=false',
  ],
  controllerManager: ['--cluster-signing-duration=24h0m0s'],
}
const RBAC = 'rbac.authorization.k8s.io/v1'
const NODE_CLIENT = 'system:certificates.k8s.io:certificatesigningrequests:nodeclient'

/** Runs the check with a cluster of its own. */
const checking = async (
  context: TestContext,
  options: ApiServerOptions,
  use: (
    server: ApiServer,
    check: (args?: readonly string[], user?: KubeconfigUser) => Promise<Run>,
  ) => Promise<void>,
): Promise<void> => {
  const kubectl = await requireKubectl(context)
  const server = await startApiServer({ controllers: false, ...options })
  for (const manifest of certificatePolicyManifests()) server.put({ ...manifest })
  const file = join(folder, 'kubeconfig')
  try {
    await use(server, async (args = [], user) => {
      writeFileSync(file, await server.kubeconfig(user), { mode: 0o600 })
      const words = ['kubernetes', 'config', '--check', '--kubectl', kubectl, ...args]
      return command.run(words, { env: { KUBECONFIG: file, HOME: folder } })
    })
  } finally {
    await server.close()
  }
}

/** The states by name. */
const statesOf = ({ stdout }: Run): Record<string, string> =>
  Object.fromEntries(
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.slice(9, 30).trim(), line.slice(0, 7).trim()]),
  )

describe('rollcall kubernetes config --check, with a real kubectl', () => {
  it('finds in a cluster of kubeadm what to change, and nothing bad after the change', async (context) => {
    await checking(context, { flags: FLAGS }, async (server, check) => {
      const before = await check()
      expect(before, before.stderr).toMatchObject({ status: 1, stderr: '' })
      expect(statesOf(before)).toEqual({
        'server version': 'ok',
        nodeclient: 'bad',
        selfnodeclient: 'ok',
        renewal: 'ok',
        'authentication config': 'ok',
        'Node authorizer': 'ok',
        NodeRestriction: 'ok',
        'anonymous access': 'ok',
        'signing duration': 'ok',
      })
      expect(before.stdout).toContain(
        'ClusterRoleBinding kubeadm:node-autoapprove-bootstrap gives it to Group system:bootstrappers:kubeadm:default-node-token',
      )
      server.remove(RBAC, 'ClusterRoleBinding', 'kubeadm:node-autoapprove-bootstrap')
      const after = await check()
      expect(after, after.stdout).toMatchObject({ status: 0, stderr: '' })
      // Reads only, as the server saw it.
      expect(new Set(server.answered.map(({ method }) => method))).toEqual(new Set(['GET']))
    })
  })

  it('forbids in mode a what mode b needs', async (context) => {
    await checking(context, { flags: FLAGS }, async (server, check) => {
      server.remove(RBAC, 'ClusterRoleBinding', 'kubeadm:node-autoapprove-bootstrap')
      expect(await check(['--mode', 'b'])).toMatchObject({ status: 0 })
      expect(await check(['--mode', 'a'])).toMatchObject({ status: 1 })
      server.remove(RBAC, 'ClusterRoleBinding', 'kubeadm:node-autoapprove-certificate-rotation')
      expect(await check(['--mode', 'a'])).toMatchObject({ status: 0 })
      const needed = await check(['--mode', 'b'])
      expect(needed.status).toBe(1)
      expect(needed.stdout).toContain('no certificate is approved')
    })
  })

  it('finds that a cluster renews certificates without a token', async (context) => {
    await checking(context, { flags: FLAGS }, async (server, check) => {
      server.remove(RBAC, 'ClusterRoleBinding', 'kubeadm:node-autoapprove-bootstrap')
      const [, binding] = certificatePolicyManifests()
      server.remove(
        'admissionregistration.k8s.io/v1',
        binding?.kind ?? '',
        binding?.metadata.name ?? '',
      )
      const run = await check()
      expect(run.status).toBe(1)
      expect(statesOf(run)).toMatchObject({ renewal: 'bad', selfnodeclient: 'ok' })
      expect(statesOf(await check(['--mode', 'a']))).not.toHaveProperty('renewal')
    })
  })

  it('finds the default flags of kubeadm', async (context) => {
    await checking(context, {}, async (_, check) => {
      expect(statesOf(await check())).toMatchObject({
        'authentication config': 'bad',
        'Node authorizer': 'ok',
        NodeRestriction: 'ok',
        'anonymous access': 'bad',
        'signing duration': 'bad',
      })
    })
  })

  it('finds each way in which a node could have the name of another', async (context) => {
    await checking(context, { flags: FLAGS }, async (server, check) => {
      server.remove(RBAC, 'ClusterRoleBinding', 'kubeadm:node-autoapprove-bootstrap')
      const wildcard = { apiGroups: ['*'], resources: ['*'], verbs: ['create'] }
      server.put(clusterRole('wide', wildcard))
      for (const [role, group] of [
        [NODE_CLIENT, 'system:nodes'],
        [NODE_CLIENT, 'system:authenticated'],
        ['wide', 'system:nodes'],
      ] as const) {
        server.put(clusterRoleBinding('mine', role, group))
        const run = await check()
        expect(run.status).toBe(1)
        expect(run.stdout).toContain(`ClusterRoleBinding mine gives it to Group ${group}`)
      }
      server.remove(RBAC, 'ClusterRoleBinding', 'mine')
      expect(await check()).toMatchObject({ status: 0 })
    })
  })

  it('says what this user may not see', async (context) => {
    await checking(context, { flags: FLAGS }, async (server, check) => {
      const user = { username: 'system:node:a', groups: ['system:nodes'] }
      const run = await check([], { token: server.tokenFor(user) })
      expect(run, run.stderr).toMatchObject({ status: 0 })
      const { 'server version': version, ...rest } = statesOf(run)
      expect(version).toBe('ok')
      expect(new Set(Object.values(rest))).toEqual(new Set(['unknown']))
    })
  })

  it('calls a cluster before 1.30 too old', async (context) => {
    await checking(context, { flags: FLAGS, version: 'v1.29.9-stand-in' }, async (_, check) => {
      const run = await check()
      expect(run.status).toBe(1)
      expect(statesOf(run)).toMatchObject({ 'server version': 'bad' })
    })
  })

  it('ends with 5 for wrong credentials, an unknown context and a server that is gone', async (context) => {
    await checking(context, {}, async (server, check) => {
      const wrong = await check([], { token: 'no-such-token' })
      expect(wrong).toMatchObject({ status: 5, stdout: '' })
      expect(wrong.stderr).toMatch(/^rollcall: kubectl: get --raw \/version: .+\n$/)
      expect(wrong.stderr).not.toContain('no-such-token')
      const unknown = await check(['--context', 'nowhere'])
      expect(unknown).toMatchObject({ status: 5, stdout: '' })
      expect(unknown.stderr).toContain('nowhere')
      await server.close()
      const gone = await check()
      expect(gone).toMatchObject({ status: 5, stdout: '' })
      expect(gone.stderr).toMatch(/refused/)
    })
  })
})
