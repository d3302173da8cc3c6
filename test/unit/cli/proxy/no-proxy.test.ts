// The rules of NO_PROXY. `test/system/cli/proxy.test.ts` asks the real curl the same rows.

import { describe, expect, it } from 'vitest'
import { isExempt } from '../../../../src/cli/proxy/no-proxy.ts'
import { NO_PROXY_ROWS } from '../../../support/no-proxy-rows.ts'

describe('isExempt()', () => {
  it.each(NO_PROXY_ROWS)('says of %s in "%s": %s', (host, list, expected) => {
    expect(isExempt(host, list)).toBe(expected)
  })

  it('knows networks of IPv6, which curl reads from a later version on', () => {
    expect(isExempt('[2001:db8::1]', '2001:db8::/32')).toBe(true)
    expect(isExempt('[2001:db8::1]', '2001:db8::/128')).toBe(false)
  })

  it.each(['10.0.0.0/33', '10.0.0.0/x', '10.0.0.0/-1', '/8', '2001:db8::/129'])(
    'takes %s for no network',
    (entry) => {
      expect(isExempt('10.0.0.1', entry)).toBe(false)
      expect(isExempt('[2001:db8::1]', entry)).toBe(false)
    },
  )
})
