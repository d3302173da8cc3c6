// The coded errors: what callers may rely on, and which of them are also another one.

import { describe, expect, it } from 'vitest'
import {
  ConfigurationError,
  InstanceIdentityError,
  LedgerFormatError,
  LedgerUnavailableError,
  LedgerUnfitError,
} from '../../../src/base/errors.ts'

describe('InstanceIdentityError', () => {
  it('has its name, its code, its message and its cause', () => {
    const cause = new Error('from the platform')
    const error = new InstanceIdentityError('malformed_der', 'cut off', { cause })
    expect(error).toMatchObject({ name: 'InstanceIdentityError', code: 'malformed_der', cause })
    expect(String(error)).toBe('InstanceIdentityError: cut off')
    expect(error).toBeInstanceOf(Error)
  })
})

describe('an error of the ledger', () => {
  it.each([
    ['LedgerUnavailableError', 'ledger_unavailable', LedgerUnavailableError, [true, false, false]],
    ['LedgerUnfitError', 'ledger_unfit', LedgerUnfitError, [true, true, false]],
    ['LedgerFormatError', 'ledger_format_unknown', LedgerFormatError, [true, true, true]],
  ])('of class %s has its own name and its own code %s', (name, code, Class, is) => {
    const error = new Class('reason')
    expect([
      error instanceof LedgerUnavailableError,
      error instanceof LedgerUnfitError,
      error instanceof LedgerFormatError,
    ]).toEqual(is)
    expect(error).toMatchObject({ name, code, message: 'reason' })
    expect(String(error)).toBe(`${name}: reason`)
  })
})

describe('ConfigurationError', () => {
  it('lists each problem on a line of its own', () => {
    const error = new ConfigurationError(['a: first', 'b: second'])
    expect(error).toMatchObject({
      name: 'ConfigurationError',
      code: 'configuration_invalid',
      problems: ['a: first', 'b: second'],
    })
    const [, ...lines] = error.message.split('\n')
    expect(lines).toEqual(['  - a: first', '  - b: second'])
  })
})
