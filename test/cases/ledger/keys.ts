// What all parts of the contract use: keys that no other test has, a time that is no clock's, many calls at once.

/** Unix seconds. Later than any clock, so that no driver's own cleaning takes it for the past. */
export const NOW = 4_000_000_000

/** How many calls are under way at once. */
const AT_ONCE = 100

let made = 0

/** A kind that no other test of this run has. */
export const newKind = (): string =>
  `kind${[...String(made++)].map((digit) => 'abcdefghij'.charAt(Number(digit))).join('')}`

/** A key that no other test of this run has. */
export const newKey = (kind = 'test'): string => `${kind}:key-${made++}`

/** Runs a call for each number below `count`, many at once, in order. */
export const forEachNumber = async (
  count: number,
  call: (number: number) => Promise<unknown>,
): Promise<void> => {
  for (let from = 0; from < count; from += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) => from + i)
    await Promise.all(numbers.map(call))
  }
}
