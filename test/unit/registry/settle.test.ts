// Several questions in one trip: all are answered before any is judged.

import { describe, expect, it } from 'vitest'
import { settle } from '../../../src/registry/settle.ts'

/** A promise that a test settles when it likes. */
const question = <Answer>() => {
  let answer: (answer: Answer) => void = () => undefined
  let fail: (error: Error) => void = () => undefined
  const promise = new Promise<Answer>((resolve, reject) => ([answer, fail] = [resolve, reject]))
  return { promise, answer, fail }
}

describe('settle()', () => {
  it.each([
    ['no questions', []],
    ['several, absent answers among them', ['a', undefined, false, 0]],
  ])('gives the answers in their order: %s', async (_, answers) => {
    expect(await settle(answers.map((answer) => Promise.resolve(answer)))).toEqual(answers)
  })

  it('waits for the answers that are still under way when one has failed', async () => {
    const [first, second] = [question<string>(), question<string>()]
    let over = false
    const settled = settle([first.promise, second.promise]).finally(() => (over = true))
    const refused = expect(settled).rejects.toThrow('first')
    first.fail(new Error('first'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(over).toBe(false)
    second.answer('late')
    await refused
    expect(over).toBe(true)
  })

  it('throws what the first of them threw, whichever came first', async () => {
    const [first, second] = [question<string>(), question<string>()]
    const refused = expect(settle([first.promise, second.promise])).rejects.toThrow('first')
    second.fail(new Error('second'))
    await new Promise((resolve) => setImmediate(resolve))
    first.fail(new Error('first'))
    await refused
  })
})
