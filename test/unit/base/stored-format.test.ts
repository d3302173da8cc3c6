// How a value is stored: behind the number of its format.

import { expect, it } from 'vitest'
import { STORED_FORMAT, encodeStored } from '../../../src/base/stored-format.ts'

it('encodeStored() puts the number of the format before the text', () => {
  expect(encodeStored('a b')).toBe(`${STORED_FORMAT} a b`)
  expect(STORED_FORMAT).toMatch(/^[0-9]{1,4}$/)
})
