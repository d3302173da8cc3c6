// Opening a ledger by a text, as programs that embed the service do.

import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/base/errors.ts'
import { openLedger } from '../../../src/ledger/open.ts'

const options = { issuer: 'https://rollcall.test', report: () => {} }

describe('openLedger()', () => {
  it('opens the ledger that a text names', async () => {
    const ledger = await openLedger('memory:', options)
    expect(await ledger.compareAndSet({ key: 'kind:a', value: '1' }, undefined, 1)).toEqual({
      stored: true,
    })
    expect(await ledger.read('kind:a', 1)).toBe('1')
  })

  it.each(['', 'memory', 'memory:here', 'sqlite:', 'mysql://host/db'])(
    'refuses the text %j with a ConfigurationError',
    async (text) => {
      await expect(openLedger(text, options)).rejects.toThrow(ConfigurationError)
    },
  )

  it('lists what it takes, and shows nothing of the text, which may hold a password', async () => {
    const problem = await openLedger('mysql://u:secret@host', options).catch(String)
    expect(problem).toContain('sqlite:PATH')
    expect(problem).not.toContain('secret')
  })
})
