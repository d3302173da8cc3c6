// The `Accept` header (RFC 9110 section 12.5.1): which type of answer a client prefers.

/** What `fetch` and curl send, and what no `Accept` means. */
const ANYTHING = '*/*'

/** How much a client prefers a type: the `q` of its most exact range; 0: it does not take it. */
const qualityOf = (accept: string, names: readonly string[]): number => {
  const ranges = accept.split(',').map((range) => range.toLowerCase().split(';'))
  for (const wanted of names) {
    const range = ranges.find(([name = '']) => name.trim() === wanted)
    if (range !== undefined) {
      const q = range.find((parameter) => parameter.trim().startsWith('q='))
      return Number(q?.split('=')[1] ?? 1)
    }
  }
  return 0
}

const rangesOf = (type: string): readonly string[] => [type, `${type.split('/')[0]}/*`, ANYTHING]

/** Whether a client prefers a type to JSON, which is the default. @param accept the header; absent: it is absent */
export const prefersToJson = (accept: string = ANYTHING, type: string): boolean =>
  accept !== ANYTHING &&
  qualityOf(accept, rangesOf(type)) > qualityOf(accept, rangesOf('application/json'))

/** Whether a client names a type, and takes it. @param accept the header; absent: it is absent */
export const accepts = (accept: string | undefined, type: string): boolean =>
  accept !== undefined && qualityOf(accept, [type]) > 0
