// What a refusal looks like, for `toThrow()` and `rejects`.

import { expect } from 'vitest'
import type { InstanceIdentityErrorCode } from '../../src/base/errors.ts'

/** An `InstanceIdentityError` of one code, and of exactly this message if one is given. */
export const refusedAs = (code: InstanceIdentityErrorCode, message?: string): Error =>
  expect.objectContaining({
    name: 'InstanceIdentityError',
    code,
    ...(message !== undefined && { message }),
  }) as Error
