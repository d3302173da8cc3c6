// Situations in which the metadata service fails, or the clock of the instance is wrong: rows of the table in
// client-situations.ts.

import type { ClientServersOptions } from './client-servers.ts'
import type { Situations } from './situation.ts'

const YEAR_SECONDS = 31_536_000
const DOCUMENT = 'dynamic/instance-identity/document'
const PKCS7 = 'dynamic/instance-identity/pkcs7'
const AUTO = { ROLLCALL_METADATA_MODE: 'auto' }

const faults = (...names: string[]): ClientServersOptions => ({ emulator: { faults: names } })
const hardened = (...names: string[]): ClientServersOptions => ({
  emulator: { hardenedOnly: true, faults: names },
})

/** The rows. */
export const OF_METADATA: Situations = {
  'the metadata service takes tokens only': { status: 0, options: hardened() },
  'the metadata service is slow': { status: 0, options: faults('slow:900'), isSlow: true },
  'one answer of the metadata service never comes': {
    status: 0,
    options: faults(`slow:60000x1@${PKCS7}`),
    isSlow: true,
  },
  'there is no document': {
    status: 3,
    failure: 'not found',
    options: faults(`not-found:${DOCUMENT}`),
  },
  'there is no signature': {
    status: 3,
    failure: 'not found',
    options: faults(`not-found:${PKCS7}`),
  },
  'the metadata service fails at first': { status: 0, options: faults(`error:500x1@${DOCUMENT}`) },
  'the metadata service fails twice': { status: 0, options: faults(`error:500x2@${PKCS7}`) },
  'the metadata service fails four times at the token': {
    status: 0,
    options: faults('error:503x4@api/token'),
  },
  'the metadata service takes the lifetime of the token for wrong (400)': {
    status: 3,
    failure: 'token refused',
    options: faults('error:400@api/token'),
  },
  'the metadata service gives a token at the second try': {
    status: 0,
    options: hardened('error:503x1@api/token'),
  },
  'the metadata service answers 429 at first': { status: 0, options: faults('error:429x1') },
  'the metadata service fails each time': {
    status: 3,
    failure: 'no service',
    options: faults(`error:500@${PKCS7}`),
  },
  'the metadata service fails each time at the token, and normal mode will do': {
    status: 3,
    failure: 'no service',
    options: faults('error:503@api/token'),
    env: AUTO,
  },
  'there is no hardened mode (404)': {
    status: 3,
    failure: 'no hardened mode',
    options: faults('not-found:api/token'),
  },
  'there is no hardened mode (405)': {
    status: 3,
    failure: 'no hardened mode',
    options: faults('error:405@api/token'),
  },
  'there is no hardened mode (404), and normal mode will do': {
    status: 0,
    options: faults('not-found:api/token'),
    env: AUTO,
  },
  'there is no hardened mode (405), and normal mode will do': {
    status: 0,
    options: faults('error:405@api/token'),
    env: AUTO,
  },
  'the metadata service gives no token': {
    status: 3,
    failure: 'token refused',
    options: faults('error:403@api/token'),
  },
  'the metadata service gives no token, and normal mode will do': {
    status: 3,
    failure: 'token refused',
    options: faults('error:403@api/token'),
    env: AUTO,
  },
  'the token of the metadata service expires in between': {
    status: 0,
    options: hardened('token-uses:1'),
  },
  'the metadata service takes no token': {
    status: 3,
    failure: 'token refused',
    options: hardened('token-uses:0'),
  },
  'there is no metadata service': { status: 3, failure: 'no service', metadataIsDown: true },
  'the clock of the instance is 50 years behind': {
    status: 0,
    clockShiftSeconds: -50 * YEAR_SECONDS,
  },
  'the clock of the instance is 20 years ahead': {
    status: 0,
    clockShiftSeconds: 20 * YEAR_SECONDS,
  },
}
