// The real webhook client of a Kubernetes API server asks the service over TLS, with the kubeconfig of the sample.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, afterAll, describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../src/base/errors.ts'
import { createMemoryLedger } from '../../src/ledger/memory.ts'
import { BAD_TOKEN_NAMES, makeBadTokens } from '../support/bad-tokens.ts'
import { openWebhookDoor } from '../support/kubernetes/webhook-door.ts'
import {
  type AskWebhook,
  type AskedToken,
  type Authentication,
  buildWebhookClient,
} from '../support/kubernetes/webhook-authenticator.ts'
import { NODE_USER, type Reviewing, WEBHOOK_TOKEN, createReviewing } from '../support/reviewing.ts'
import { requireTool } from '../support/requirements.ts'
import { TOKEN_AUDIENCE } from '../support/test-service.ts'
import { createTestCa } from '../support/tls-certificates.ts'

const BUILD_MS = 600_000

interface Cluster {
  readonly gate: Reviewing
  /** Asks with the kubeconfig of the sample, its address and its token replaced. */
  ask(
    asked: readonly AskedToken[],
    changes?: { readonly token?: string; readonly version?: string; readonly http?: true },
  ): Promise<readonly Authentication[]>
  readonly ledger: {
    /** Whether it is unreachable. */
    down: boolean
  }
  close(): void
}

const openCluster = async (context: TestContext): Promise<Cluster> => {
  requireTool(context, 'openssl', 'apt-get install openssl')
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-webhook-'))
  const askWebhook: AskWebhook = await buildWebhookClient(context, folder)
  const memory = createMemoryLedger(0)
  const ledger = { down: false }
  const gate = await createReviewing({
    ledger: {
      ...memory,
      read: async (key, now) => {
        if (ledger.down) throw new LedgerUnavailableError('gone')
        return memory.read(key, now)
      },
    },
    operators: true,
  })
  const ca = createTestCa(join(folder, 'ca'))
  const door = await openWebhookDoor(gate, ca)
  return {
    gate,
    ledger,
    async ask(asked, { token = WEBHOOK_TOKEN, version, http } = {}) {
      const file = join(folder, 'kubeconfig')
      const text = door.kubeconfig(token)
      writeFileSync(file, http ? text.replace('https:', 'http:') : text)
      return askWebhook(file, asked, version)
    },
    close() {
      door.close()
      rmSync(folder, { recursive: true })
    },
  }
}

const ADMITTED = {
  ok: true,
  name: NODE_USER.username,
  uid: NODE_USER.uid,
  groups: NODE_USER.groups,
  extra: NODE_USER.extra,
}
const NOBODY = { ok: false }

describe('the webhook client of a real API server', () => {
  let opened: Promise<Cluster> | undefined
  const open = (context: TestContext): Promise<Cluster> => (opened ??= openCluster(context))
  afterAll(async () => (await opened?.catch(() => undefined))?.close())

  it(
    'takes a node for the user of its token, and keeps to the audiences that both have',
    async (context) => {
      const { gate, ask } = await open(context)
      const { token } = gate
      const answers = await ask([
        { token },
        { token, audiences: [TOKEN_AUDIENCE] },
        { token, audiences: ['https://kubernetes.default.svc', TOKEN_AUDIENCE] },
        { token, audiences: ['https://kubernetes.default.svc'] },
      ])
      const shared = { ...ADMITTED, audiences: [TOKEN_AUDIENCE] }
      expect(answers).toEqual([ADMITTED, shared, shared, NOBODY])
    },
    BUILD_MS,
  )

  it('takes each of the bad tokens for nobody, without an error', async (context) => {
    const { gate, ask } = await open(context)
    const { service, token: goodToken } = gate
    const bad = makeBadTokens({ goodToken, privateKeys: service.privateKeys })
    expect(bad.map(([name]) => name)).toEqual(BAD_TOKEN_NAMES)
    for (const audiences of [undefined, [TOKEN_AUDIENCE]]) {
      const asked = bad.map(([, token]) => ({ token, ...(audiences && { audiences }) }))
      expect(await ask(asked)).toEqual(bad.map(() => NOBODY))
    }
  })

  it('takes a banned node for nobody', async (context) => {
    const { gate, ask } = await open(context)
    const ban = '/v1/admin/bans/instance/i-bp13znx0m0me8cqabcde'
    expect((await gate.service.operate('PUT', ban, { reason: 'r' })).status).toBe(200)
    expect(await ask([{ token: gate.token }])).toEqual([NOBODY])
    expect((await gate.service.operate('DELETE', ban)).status).toBe(200)
    expect(await ask([{ token: gate.token }])).toEqual([ADMITTED])
  })

  it('finds nobody, and says so, with a wrong token of its own, with v1beta1, and over http', async (context) => {
    const { gate, ask } = await open(context)
    const asked = [{ token: gate.token }]
    expect(await ask(asked, { token: 'another' })).toEqual([
      { ok: false, error: expect.stringContaining('asked for the client to provide credentials') },
    ])
    expect(await ask(asked, { version: 'v1beta1' })).toEqual([
      { ok: false, error: expect.stringContaining('the server rejected our request') },
    ])
    expect(await ask(asked, { http: true })).toEqual([{ ok: false, error: expect.any(String) }])
  })

  it('waits while the ledger is unreachable, and gets its answer once it is back', async (context) => {
    const { gate, ask, ledger } = await open(context)
    ledger.down = true
    const started = performance.now()
    const asked = ask([{ token: gate.token }])
    setTimeout(() => (ledger.down = false), 1_000)
    expect(await asked).toEqual([ADMITTED])
    expect(performance.now() - started).toBeGreaterThan(1_000)
  })
})
