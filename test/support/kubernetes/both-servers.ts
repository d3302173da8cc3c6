// The stand-in API server and a real one, and the same requests of the same users to both: what the stand-in is measured by.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, fetch } from 'undici'
import { expect } from 'vitest'
import { type ApiServer, startApiServer } from './api-server.ts'
import type { KeyPair } from './authority.ts'
import { startCluster } from './cluster.ts'
import { type RequestOptions, requestOf } from './openssl-request.ts'

/** The name of the node among the users. */
export const NODE = 'cn-hangzhou.i-1'
export const NODE_USER = `system:node:${NODE}`
export const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

/** Users with a client certificate: name, then groups. */
const USERS = {
  admin: ['kubernetes-admin', 'system:masters'],
  node: [NODE_USER, 'system:nodes'],
  bootstrapper: ['system:bootstrap:a', 'system:bootstrappers:kubeadm:default-node-token'],
  person: ['alice', 'people'],
} as const satisfies Readonly<Record<string, readonly [string, ...string[]]>>

/** Who sends a request; `nobody` shows no certificate. */
export type UserName = keyof typeof USERS | 'nobody'
export type Json = Readonly<Record<string, unknown>>

/** What a server answers. */
export interface Answer {
  readonly status: number
  readonly body: Json
}

/** Sends a request to one of the servers. */
export type Ask = (user: UserName, method: string, path: string, body?: object) => Promise<Answer>

/** A CertificateSigningRequest, as it is sent. */
export interface CsrBody {
  readonly metadata: { readonly name: string }
  readonly spec: Json & { readonly request: string }
}

/** See {@link startBothServers}. */
export interface BothServers {
  /** The real one, then the stand-in. */
  readonly asks: readonly [Ask, Ask]
  /** Sends a request to both. @returns the answer of the real one, then the other */
  both(...request: Parameters<Ask>): Promise<readonly [Answer, Answer]>
  /** Sends a request to both, and expects one answer. @returns the answer of the real one */
  same(...request: Parameters<Ask>): Promise<Answer>
  /** Sends what is there, changed, to both, and expects one answer. @param path of the object; `door` a subresource */
  change(
    user: UserName,
    path: string,
    changed: (body: Json) => object,
    door?: string,
  ): Promise<Answer>
  /** Makes a request for a certificate, of {@link NODE_USER} by default. */
  csr(options: Partial<RequestOptions> & { readonly name: string }): Promise<CsrBody>
  close(): Promise<void>
}

/** What counts of an answer: the status, and of a refusal its reason and its text, unless it names files of Go. */
const sense = ({ status, body }: Answer): unknown => ({
  status,
  ...(status >= 400 && { reason: body['reason'] }),
  ...(status > 400 && { message: body['message'] }),
})

const askerOf = async (
  server: Pick<ApiServer, 'url' | 'ca' | 'certificateFor'>,
  agents: Agent[],
): Promise<Ask> => {
  const agentFor = (pair?: KeyPair): Agent => {
    const agent = new Agent({ connect: { ca: server.ca, ...pair } })
    agents.push(agent)
    return agent
  }
  const byUser = new Map<string, Agent>([['nobody', agentFor()]])
  for (const [user, [name, ...groups]] of Object.entries(USERS)) {
    byUser.set(user, agentFor(await server.certificateFor(name, ...groups)))
  }
  return async (user, method, path, body) => {
    const answer = await fetch(`${server.url}${path}`, {
      method,
      headers: { 'Content-Type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
      dispatcher: byUser.get(user) as Agent,
    })
    const text = await answer.text()
    const read = text.startsWith('{') ? (JSON.parse(text) as Json) : { text }
    return { status: answer.status, body: read }
  }
}

/** Starts both, without controllers. Needs the programs of a real one. */
export const startBothServers = async (): Promise<BothServers> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-both-'))
  const agents: Agent[] = []
  const cluster = await startCluster({ apiServer: { controllers: false } })
  const standIn = await startApiServer({ controllers: false })
  const asks = [await askerOf(cluster.server, agents), await askerOf(standIn, agents)] as const
  const both: BothServers['both'] = async (...request) => [
    await asks[0](...request),
    await asks[1](...request),
  ]
  return {
    asks,
    both,
    async same(...request) {
      const [real, other] = await both(...request)
      expect(sense(other), request.slice(0, 3).join(' ')).toEqual(sense(real))
      return real
    },
    async change(user, path, changed, door = '') {
      const before = await both('admin', 'GET', path)
      const [real, other] = (await Promise.all(
        asks.map((ask, at) => ask(user, 'PUT', `${path}${door}`, changed(before[at]?.body ?? {}))),
      )) as [Answer, Answer]
      expect(sense(other), `${user} PUT ${path}${door}`).toEqual(sense(real))
      return real
    },
    csr: async (options) =>
      (await requestOf(folder, { commonName: NODE_USER, ...options })) as CsrBody,
    async close() {
      for (const agent of agents) await agent.destroy()
      await standIn.close()
      await cluster.close()
      rmSync(folder, { recursive: true })
    },
  }
}
