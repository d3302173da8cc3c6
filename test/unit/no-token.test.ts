// The guard that many tests rely on: it finds each token, and no id that looks like one by chance.

import { describe, expect, it } from 'vitest'
import { expectNoToken } from '../support/no-token.ts'
import { createTestService } from '../support/test-service.ts'

describe('expectNoToken()', () => {
  it('finds a token, its header, and its beginning', async () => {
    const service = await createTestService()
    const response = await service.post('/v1/enroll', await service.evidence())
    const { access_token: token } = (await response.json()) as { access_token: string }
    const [header = '', claims = ''] = token.split('.')
    for (const part of [token, `"${token}"`, header, `${header}.`, claims, token.slice(0, 60)])
      expect(() => expectNoToken(`text ${part}`), part).toThrow()
  })

  it.each(['y9gar3rB9deyJlSDeWulwg', 'eyJ9gar3rB9dlSDeWulwgx', `"jkt":"eyJ${'a'.repeat(40)}"`])(
    'takes the id %s for none',
    (id) => {
      expect(() => expectNoToken(`{"jti":"${id}"}`)).not.toThrow()
    },
  )
})
