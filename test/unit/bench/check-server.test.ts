import type { JSONWebKeySet } from 'jose'
import { describe, expect, test } from 'vitest'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { parseSigningKeys } from '../../../src/token/signing-keys.ts'
import { checkServer } from '../../bench/check-server.ts'
import type { LoadAnswer } from '../../bench/enrollment-load.ts'
import { FORM } from '../../support/http.ts'
import { createTestService } from '../../support/test-service.ts'

/** What differs from an honest server. */
interface Weakness {
  /** Changes the answer to the call of this number, counted from 1. */
  readonly answer?: (answer: LoadAnswer, path: string, call: number) => LoadAnswer
  /** Default: those that the server signs with. */
  readonly keys?: object
  /** Whether it writes no audit event for what it refuses. */
  readonly silent?: boolean
}

const publicKeysOf = async (keys: unknown): Promise<JSONWebKeySet> =>
  (await parseSigningKeys(keys)).jwks as unknown as JSONWebKeySet

/** Checks the service of this process. */
const checkWith = async ({ answer = (it) => it, keys, silent = false }: Weakness) => {
  const service = await createTestService()
  let written = 0
  let calls = 0
  const post = async (path: string, body: string): Promise<LoadAnswer> => {
    const response = await service.request(path, { method: 'POST', headers: FORM, body })
    const text = await response.text()
    const headers = {
      ...Object.fromEntries(response.headers),
      'content-length': String(text.length),
    }
    return answer({ status: response.status, headers, text }, path, ++calls)
  }
  const takeOutput = (): string => {
    const events = service.events.slice(written)
    written = service.events.length
    const shown = silent ? events.filter(({ outcome }) => outcome === 'issued') : events
    return shown.map((event) => `${JSON.stringify(event)}\n`).join('')
  }
  const { cloud, privateKeys } = service
  const published = await publicKeysOf(keys ?? privateKeys)
  await checkServer({ load: { post }, takeOutput, keys: published, cloud, eventSeconds: 0.1 })
  return calls
}

describe('checkServer()', () => {
  test('takes the service of this project', async () => {
    expect(await checkWith({})).toBeGreaterThan(8)
  })

  test('rejects a server that enrolls in spite of any one check', async () => {
    // Each refusal that the honest service gave, in turn.
    const refusals: number[] = []
    await checkWith({
      answer(it, _, call) {
        if (it.status === 401) refusals.push(call)
        return it
      },
    })
    expect(refusals).toHaveLength(6)
    for (const refusal of refusals) {
      const lenient = checkWith({
        answer: (it, _, call) => (call === refusal ? { ...it, status: 200 } : it),
      })
      await expect(lenient).rejects.toThrow('/v1/enroll answers 401')
    }
  })

  test('rejects a server whose tokens verify under another key only', async () => {
    const keys = await generateSigningKeys('ES256')
    await expect(checkWith({ keys })).rejects.toThrow(/key|signature/)
  })

  test('rejects a server that leaves out a header', async () => {
    const answer = (it: LoadAnswer): LoadAnswer => {
      const { 'x-request-id': _, ...headers } = it.headers
      return { ...it, headers }
    }
    await expect(checkWith({ answer })).rejects.toThrow('answers with these headers')
  })

  test('rejects a server that audits only what it issues', async () => {
    await expect(checkWith({ silent: true })).rejects.toThrow('an audit event for each call')
  })
})
