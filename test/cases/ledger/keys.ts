// Keys that no other test has, and a time that is no clock's.

/** Unix seconds. Later than any clock, so that no driver's own cleaning takes it for the past. */
export const NOW = 4_000_000_000

let made = 0

/** A kind that no other test of this run has. */
export const newKind = (): string =>
  `kind${[...String(made++)].map((digit) => 'abcdefghij'.charAt(Number(digit))).join('')}`

/** A key that no other test of this run has. */
export const newKey = (kind = 'test'): string => `${kind}:key-${made++}`
