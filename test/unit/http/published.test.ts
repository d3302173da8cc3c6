// The published documents never change while the service runs: each is made once, however often it is asked for.

import { describe, expect, it, vi } from 'vitest'
import * as openapi from '../../../src/http/openapi/openapi.ts'
import { createTestService } from '../../support/http.ts'

// The real maker, which counts its calls.
vi.mock(import('../../../src/http/openapi/openapi.ts'), async (original) => {
  const real = await original()
  return { ...real, openApiDocument: vi.fn(real.openApiDocument) }
})

describe('a published document', () => {
  it('/openapi.json is made once, when it is first asked for', async () => {
    const service = await createTestService()
    const { calls } = vi.mocked(openapi.openApiDocument).mock
    expect(calls).toHaveLength(0)
    const first = await (await service.request('/openapi.json')).text()
    const again = await service.request('/openapi.json')
    expect(await again.text()).toBe(first)
    expect(again.headers.get('Content-Type')).toBe('application/json')
    expect(calls).toHaveLength(1)
  })

  it.each(['/.well-known/openid-configuration', '/.well-known/jwks.json'])(
    '%s is written before anybody asks for it',
    async (path) => {
      const service = await createTestService()
      const stringify = vi.spyOn(JSON, 'stringify')
      try {
        for (let i = 0; i < 3; i++) expect((await service.request(path)).status).toBe(200)
        expect(stringify).not.toHaveBeenCalled()
      } finally {
        stringify.mockRestore()
      }
    },
  )
})
