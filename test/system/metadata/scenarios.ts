// What a metadata service may do to whoever enrolls, and how that ends: one list for the project's client
// and for bootstrap.sh.

import type { MetadataEmulatorOptions } from '../../../src/emulator/index.ts'

/**
 * How it ends: with a token, or with exit status 3 and why: nobody answers or the service fails, it has
 * no hardened mode, gives no token, or does not have what is needed.
 */
export type Outcome = 'token' | 'no service' | 'no hardened mode' | 'no token' | 'not found'

/** One scenario. */
export interface Scenario {
  readonly name: string
  readonly emulator?: MetadataEmulatorOptions
  readonly mode?: 'auto'
  /** Nobody listens. */
  readonly isDown?: true
  /** How wrong the instance's own clock is. */
  readonly clockShiftSeconds?: number
  readonly outcome: Outcome
}

const PKCS7 = 'dynamic/instance-identity/pkcs7'
const YEARS_SECONDS = 31_536_000

export const SCENARIOS: readonly Scenario[] = [
  { name: 'normal and hardened mode', outcome: 'token' },
  { name: 'hardened mode only', emulator: { hardenedOnly: true }, outcome: 'token' },
  { name: 'slow', emulator: { faults: ['slow:1200'] }, outcome: 'token' },
  {
    name: 'one answer that never comes',
    emulator: { faults: [`slow:60000x1@${PKCS7}`] },
    outcome: 'token',
  },
  {
    name: '404 for the document',
    emulator: { faults: ['not-found:dynamic/instance-identity/document'] },
    outcome: 'not found',
  },
  {
    name: '404 for the signature',
    emulator: { faults: [`not-found:${PKCS7}`] },
    outcome: 'not found',
  },
  { name: '500, then fine', emulator: { faults: [`error:500x2@${PKCS7}`] }, outcome: 'token' },
  {
    name: '503 for the token, then fine',
    emulator: { hardenedOnly: true, faults: ['error:503x1@api/token'] },
    outcome: 'token',
  },
  { name: '429, then fine', emulator: { faults: ['error:429x1'] }, outcome: 'token' },
  {
    name: '500 again and again',
    emulator: { faults: [`error:500@${PKCS7}`] },
    outcome: 'no service',
  },
  {
    name: '503 for the token again and again',
    mode: 'auto',
    emulator: { faults: ['error:503@api/token'] },
    outcome: 'no service',
  },
  {
    name: 'no hardened mode (404)',
    emulator: { faults: ['not-found:api/token'] },
    outcome: 'no hardened mode',
  },
  {
    name: 'no hardened mode (405)',
    emulator: { faults: ['error:405@api/token'] },
    outcome: 'no hardened mode',
  },
  {
    name: 'no hardened mode (404), mode auto',
    mode: 'auto',
    emulator: { faults: ['not-found:api/token'] },
    outcome: 'token',
  },
  {
    name: 'no hardened mode (405), mode auto',
    mode: 'auto',
    emulator: { faults: ['error:405@api/token'] },
    outcome: 'token',
  },
  { name: 'a token refused', emulator: { faults: ['error:403@api/token'] }, outcome: 'no token' },
  {
    name: 'a token refused, mode auto',
    mode: 'auto',
    emulator: { faults: ['error:403@api/token'] },
    outcome: 'no token',
  },
  {
    name: 'a token whose time is over in between',
    emulator: { hardenedOnly: true, faults: ['token-uses:1'] },
    outcome: 'token',
  },
  {
    name: 'tokens that are never taken',
    emulator: { hardenedOnly: true, faults: ['token-uses:0'] },
    outcome: 'no token',
  },
  { name: 'nobody there', isDown: true, outcome: 'no service' },
  {
    name: 'a clock that is years behind',
    clockShiftSeconds: -50 * YEARS_SECONDS,
    outcome: 'token',
  },
  { name: 'a clock that is years ahead', clockShiftSeconds: 20 * YEARS_SECONDS, outcome: 'token' },
]
