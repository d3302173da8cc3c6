import { describe, expect, it } from 'vitest'
import { readArguments } from '../../storm/options.ts'

const read = (...argv: string[]) => readArguments(argv, () => undefined)

const written = (...argv: string[]): string => {
  let text = ''
  expect(() => readArguments(argv, (part) => (text += part))).toThrow()
  return text
}

describe('readArguments()', () => {
  it('boots 150 instances in a second, with all faults, unless an option says otherwise', () => {
    const options = read('--instances', '100000')
    expect(options).toMatchObject({ instances: 100_000, seconds: 667, services: 3 })
    expect(options.faults).toEqual(['kill', 'pause', 'rotate'])
    expect(read().seconds).toBe(15)
  })

  it('reads faults, none of them too', () => {
    expect(read('--faults', 'none').faults).toEqual([])
    expect(read('--faults', 'rotate,kill').faults).toEqual(['rotate', 'kill'])
  })

  it.each([
    [['--faults', 'flood'], 'Expected none, or a list of kill, pause, rotate.'],
    [['--instances', '3'], 'Expected a whole number from 20 to 1000000.'],
    [['--lost', '2.5'], 'Expected a whole number from 0 to 50.'],
    [['--fault', 'kill'], "unknown option '--fault'"],
  ])('rejects %j', (argv, message) => {
    expect(written(...argv)).toContain(message)
  })

  it('has a help that begins with an example', () => {
    expect(written('--help')).toContain('npm run storm -- --instances 2000')
  })
})
