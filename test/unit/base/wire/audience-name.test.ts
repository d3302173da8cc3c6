// The first half of a challenge: a hash of what it is made for, and of nothing else.

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { AUDIENCE_NAME_LENGTH, audienceName } from '../../../../src/base/wire/audience-name.ts'

const ISSUER = 'https://rollcall.example'

describe('audienceName()', () => {
  it.each([
    [{}, '', ''],
    [{ role: 'worker' }, 'worker', ''],
    [{ jkt: 'k'.repeat(43) }, '', 'k'.repeat(43)],
    [{ role: 'worker', jkt: 'k'.repeat(43) }, 'worker', 'k'.repeat(43)],
    [{ role: '', jkt: undefined }, '', ''],
  ])('is the first 24 bytes of the hash of %j', (purpose, role, jkt) => {
    const text = `rollcall-audience-v1\n${ISSUER}\n${role}\n${jkt}\n`
    const hash = createHash('sha256').update(text).digest()
    expect(audienceName(ISSUER, purpose)).toBe(hash.subarray(0, 24).toString('base64url'))
    expect(audienceName(ISSUER, purpose)).toHaveLength(AUDIENCE_NAME_LENGTH)
  })

  it('differs for each service, role and key', () => {
    const names = [
      audienceName(ISSUER, {}),
      audienceName(`${ISSUER}:8443`, {}),
      audienceName(ISSUER, { role: 'a' }),
      audienceName(ISSUER, { jkt: 'a' }),
    ]
    expect(new Set(names).size).toBe(names.length)
  })
})
