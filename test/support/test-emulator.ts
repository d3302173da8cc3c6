// Emulators for tests that need many of them.

import { createEmulatorWith } from '../../src/emulator/emulator.ts'
import type { MetadataEmulator, MetadataEmulatorOptions } from '../../src/emulator/index.ts'
import { generateSigningKeyPair } from '../../src/emulator/signing-identity.ts'

/** So many emulators in a row have different keys, and one with the fault `wrong-key` takes two. */
const PAIRS = 4
const pairs: Promise<CryptoKeyPair>[] = []
let taken = 0

/** Making a key takes 200 ms, so the emulators of a thread use the same ones in turn. */
const nextKeyPair = (): Promise<CryptoKeyPair> => {
  const at = taken++ % PAIRS
  return (pairs[at] ??= generateSigningKeyPair())
}

/** An emulator whose key is another one than those of the three before it. */
export const createTestEmulator = (
  options: MetadataEmulatorOptions = {},
): Promise<MetadataEmulator> => createEmulatorWith(nextKeyPair, options)
