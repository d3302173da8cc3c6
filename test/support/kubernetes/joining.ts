// What a node does with kubectl: it shows who it is, and asks for a certificate.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, expect } from 'vitest'
import type { EmulatedInstance } from '../../../src/emulator/index.ts'
import type { Run } from '../command.ts'
import type { Csr } from './certificate-requests.ts'
import type { Cluster, PluginOptions } from './cluster.ts'
import type { KubeconfigUser } from './kubeconfig.ts'
import { requireKubectl } from './kubectl.ts'
import { type RequestOptions, requestOf } from './openssl-request.ts'
import { type Kubectl, kubectlWith } from './run-kubectl.ts'
import type { User } from './user.ts'

/** kubectl for a user of a cluster. Default: an administrator. */
export const kubectlAs = async (
  context: TestContext,
  { command, server }: Cluster,
  user?: KubeconfigUser,
): Promise<Kubectl> =>
  kubectlWith(await requireKubectl(context), command.folder, await server.kubeconfig(user))

/** kubectl with the plugin in its kubeconfig. */
export const asNode = (
  context: TestContext,
  cluster: Cluster,
  options?: PluginOptions,
): Promise<Kubectl> => kubectlAs(context, cluster, cluster.plugin(options))

/** An instance of a cluster. */
export const instanceAt = ({ instances }: Cluster, at: number): EmulatedInstance => {
  const instance = instances[at]
  if (instance === undefined) throw new Error(`there is no instance ${at}`)
  return instance
}

/** The user name of an instance as a node. */
export const userNameOf = ({ document, instanceId }: EmulatedInstance): string =>
  `system:node:${document['region-id']}.${instanceId}`

/** Whom the API server takes the user of kubectl for. */
export const whoami = async (kubectl: Kubectl): Promise<User & { readonly run: Run }> => {
  const run = await kubectl(['auth', 'whoami', '-o', 'json'])
  expect(run, run.stderr).toMatchObject({ status: 0 })
  const { status } = JSON.parse(run.stdout) as { status: { userInfo: User } }
  return { ...status.userInfo, run }
}

/** Expects that the API server answers 401. */
export const expectUnauthorized = async (kubectl: Kubectl): Promise<void> => {
  const { status, stdout, stderr } = await kubectl(['auth', 'whoami'])
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(/Unauthorized|You must be logged in to the server/)
}

/** Sends a certificate request. Its files are in the folder of the command. @returns how kubectl ended */
export const createRequest = async (
  { command: { folder } }: Cluster,
  kubectl: Kubectl,
  options: RequestOptions,
): Promise<Run> => {
  const path = join(folder, `${options.name}.json`)
  writeFileSync(path, JSON.stringify(await requestOf(folder, options)))
  return kubectl(['create', '-f', path])
}

/** The same for a request that the API server takes. */
export const sendRequest: (...args: Parameters<typeof createRequest>) => Promise<void> = async (
  ...args
) => {
  const run = await createRequest(...args)
  expect(run, run.stderr).toMatchObject({ status: 0 })
}

/** Reads a certificate request. */
export const readRequest = async (kubectl: Kubectl, name: string): Promise<Csr> => {
  const run = await kubectl(['get', 'csr', name, '-o', 'json'])
  expect(run, run.stderr).toMatchObject({ status: 0 })
  return JSON.parse(run.stdout) as Csr
}

/** Waits until a request is signed. @returns the certificate, PEM */
export const waitForCertificate = async (kubectl: Kubectl, name: string): Promise<string> => {
  const until = '--for=jsonpath={.status.certificate}'
  const run = await kubectl(['wait', `csr/${name}`, until, '--timeout=20s'])
  expect(run, run.stderr).toMatchObject({ status: 0 })
  const { status } = await readRequest(kubectl, name)
  return Buffer.from(status.certificate ?? '', 'base64').toString()
}
