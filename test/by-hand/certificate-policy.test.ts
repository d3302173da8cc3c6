// The certificate policy in a real API server: which requests it denies, in which words, and whom it leaves alone.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KUBELET_SERVING } from '../support/kubernetes/certificate-requests.ts'
import type { KeyPair } from '../support/kubernetes/authority.ts'
import { type Cluster, startCluster } from '../support/kubernetes/cluster.ts'
import {
  asNode,
  createRequest,
  instanceAt,
  kubectlAs,
  sendRequest,
  userNameOf,
  waitForCertificate,
} from '../support/kubernetes/joining.ts'
import { findKubectl } from '../support/kubernetes/kubectl.ts'
import { nodeFile } from '../support/kubernetes/node-files.ts'
import { findReadyPrograms, requireReadyPrograms } from '../support/kubernetes/programs.ts'
import { waitUntil } from '../support/processes.ts'

const DENIAL = 'the node must show a token of rollcall to get a client certificate'
const POLICY = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies'

let cluster: Cluster
beforeAll(async () => {
  if (findReadyPrograms() === undefined) return
  await findKubectl().catch(() => undefined)
  cluster = await startCluster()
})
afterAll(() => cluster?.close())

const file = (name: string): string => join(cluster.command.folder, name)
const commonName = (): string => userNameOf(instanceAt(cluster, 0))

/** A client certificate that the node gets with its token. */
const certificate = async (context: TestContext, name: string): Promise<KeyPair> => {
  const node = await asNode(context, cluster)
  await sendRequest(cluster, node, { name, commonName: commonName() })
  return {
    cert: await waitForCertificate(node, name),
    key: readFileSync(file(`${name}.key`), 'utf8'),
  }
}

/** Applies the file of the page, with the host of the service in it, and waits until it has an effect. */
const applyPolicy = async (context: TestContext, pair: KeyPair): Promise<void> => {
  const admin = await kubectlAs(context, cluster)
  const manifest = file('policy.yaml')
  writeFileSync(
    manifest,
    nodeFile('certificate-policy.yaml').replaceAll('rollcall.example', 'localhost'),
  )
  const applied = await admin(['apply', '--validate=strict', '-f', manifest])
  expect(applied, applied.stderr).toMatchObject({ status: 0, stderr: '' })
  const node = await kubectlAs(context, cluster, pair)
  let attempt = 0
  const isDenied = async (): Promise<boolean> => {
    const name = `probe-${attempt++}`
    return (await createRequest(cluster, node, { name, commonName: commonName() })).status !== 0
  }
  await waitUntil(isDenied, { seconds: 30, what: 'a denial by the policy' })
}

describe('the certificate policy in a real API server', () => {
  it('denies a renewal by the certificate itself, which was possible before', async (context) => {
    requireReadyPrograms(context)
    const pair = await certificate(context, 'first')
    const node = await kubectlAs(context, cluster, pair)
    await sendRequest(cluster, node, { name: 'renewal', commonName: commonName() })
    await waitForCertificate(node, 'renewal')
    await applyPolicy(context, pair)
    const denied = await createRequest(cluster, node, { name: 'denied', commonName: commonName() })
    expect(denied.status).toBe(1)
    expect(denied.stderr).toContain('Error from server (Forbidden)')
    expect(denied.stderr).toContain(DENIAL)
    // With a token the node gets another one.
    await certificate(context, 'again')
  })

  it('has expressions whose types are right, as the controller of policies sees it', async (context) => {
    requireReadyPrograms(context)
    const read = async () => {
      const answer = await cluster.real?.call('GET', `${POLICY}/rollcall-node-certificates`)
      return answer?.body['status'] as
        { readonly observedGeneration?: number; readonly typeChecking?: object } | undefined
    }
    await waitUntil(async () => (await read())?.observedGeneration !== undefined, {
      seconds: 30,
      what: 'the check of the types',
    })
    expect(await read()).toEqual({ observedGeneration: 1, typeChecking: {} })
  })

  it('leaves serving certificates and control plane machines alone', async (context) => {
    requireReadyPrograms(context)
    const pair = await certificate(context, 'another')
    const node = await kubectlAs(context, cluster, pair)
    await sendRequest(cluster, node, {
      name: 'serving',
      commonName: commonName(),
      names: `DNS:${commonName().replace('system:node:', '')}`,
      signerName: KUBELET_SERVING,
      usages: ['digital signature', 'server auth'],
    })
    const machine = 'system:node:control-plane-1'
    const controlPlane = await kubectlAs(
      context,
      cluster,
      await cluster.server.certificateFor(machine, 'system:nodes'),
    )
    await sendRequest(cluster, controlPlane, { name: 'machine', commonName: machine })
    await waitForCertificate(controlPlane, 'machine')
  })
})
