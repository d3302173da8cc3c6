import { describe, expect, it } from 'vitest'
import { timingLines } from '../../check/timings.ts'

describe('timingLines()', () => {
  const usual = { lint: 3, 'unit tests': 40, demo: 14 }

  it('says how long each step took, and all of them', () => {
    const lines = timingLines(
      [
        { name: 'lint', seconds: 2.04 },
        { name: 'unit tests', seconds: 41 },
      ],
      41.5,
      usual,
    )
    expect(lines.map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
      'lint 2.0 s',
      'unit tests 41.0 s',
      'all steps 41.5 s',
    ])
  })

  it('says which steps grew, most first, once the check takes longer than 22 minutes', () => {
    const lines = timingLines(
      [
        { name: 'lint', seconds: 4 },
        { name: 'unit tests', seconds: 1190 },
        { name: 'demo', seconds: 10 },
      ],
      1321,
      usual,
    )
    expect(lines.slice(4)).toEqual([
      'the check took longer than 22 minutes:',
      '  - unit tests: 1190 s, usually 40 s',
      '  - lint: 4 s, usually 3 s',
    ])
  })
})
