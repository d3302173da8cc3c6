// The published documents never change while the service runs: each is made once, however often it is asked for.

import { describe, expect, it, vi } from 'vitest'
import { createTestService } from '../../support/test-service.ts'

/** Runs something, and counts the documents with this member that are written as JSON meanwhile. */
const writtenDuring = async (member: string, run: () => Promise<unknown>): Promise<number> => {
  const stringify = vi.spyOn(JSON, 'stringify')
  try {
    await run()
    return stringify.mock.calls.filter(([value]) => Object.hasOwn(Object(value), member)).length
  } finally {
    stringify.mockRestore()
  }
}

describe('a published document', () => {
  it('/openapi.json is made once, when it is first asked for', async () => {
    const service = await createTestService()
    const texts: string[] = []
    const ask = async (): Promise<void> => {
      const answer = await service.request('/openapi.json')
      expect(answer.headers.get('Content-Type')).toBe('application/json')
      texts.push(await answer.text())
    }
    expect(await writtenDuring('openapi', ask)).toBe(1)
    expect(await writtenDuring('openapi', ask)).toBe(0)
    expect(texts[1]).toBe(texts[0])
    expect(await writtenDuring('openapi', createTestService)).toBe(0)
  })

  it.each([
    ['/.well-known/openid-configuration', 'issuer'],
    ['/.well-known/jwks.json', 'keys'],
  ])('%s is written before anybody asks for it', async (path, member) => {
    const service = await createTestService()
    const ask = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) expect((await service.request(path)).status).toBe(200)
    }
    expect(await writtenDuring(member, ask)).toBe(0)
  })
})
