import { describe, expect, it } from 'vitest'
import { drawPlot } from '../../storm/plot.ts'
import { createProgress } from '../../storm/progress.ts'
import { allHold, reportLines } from '../../storm/report.ts'
import { summarize } from '../../storm/result.ts'

const result = (problems: readonly string[]) =>
  summarize({
    options: {
      instances: 20,
      seconds: 2,
      services: 2,
      seed: 9,
      faults: ['pause'],
      dishonestPercent: 0,
      lostPercent: 0,
    },
    seconds: 8,
    marks: [{ what: 'Redis <stopped>', fromSeconds: 1, toSeconds: 6 }],
    endings: [],
    tokens: [],
    retries: 0,
    fates: { answered: 2, cut: 0, unheard: 0 },
    samples: [0, 1, 6].map((second) => ({
      call: 'enroll',
      atSeconds: second + 0.5,
      ms: 10 * (second + 1),
      status: 200,
    })),
    memory: [
      { atSeconds: 0, tokens: 0, servicesMib: [50, 50], redisMib: 10 },
      { atSeconds: 1, tokens: 5, servicesMib: [60, 60], redisMib: 11 },
      { atSeconds: 2, tokens: 50, servicesMib: [66, 66], redisMib: 12 },
    ],
    audit: {
      issued: new Map(),
      repeats: 0,
      refusals: { banned: 3 },
      enrollMs: [],
      challengeMs: [],
    },
    records: 0,
    keys: 1,
    servicesMs: 100,
    clientMs: 50,
    clientDelayMs: { p99: 1, max: 2 },
    checks: [{ name: 'nobody is left', problems }],
  })

describe('reportLines()', () => {
  it('says which checks hold, and compares the memory after a tenth with that at the end', () => {
    const lines = reportLines(result([]))
    expect(lines.join('\n')).toContain('seed 9')
    expect(lines).toContainEqual(
      expect.stringMatching(/after 5 and 50 tokens +120 MiB +132 MiB +1.10/),
    )
    expect(lines.at(-1)).toBe('  ok      nobody is left')
    expect(allHold(result([]))).toBe(true)
  })

  it('lists the first ten problems of a check that fails', () => {
    const failed = result(Array.from({ length: 12 }, (_, at) => `problem ${at + 1}`))
    const text = reportLines(failed).join('\n')
    expect(text).toContain('FAILED  nobody is left: 12 problems')
    expect(text).toContain('problem 10\n')
    expect(text).not.toContain('problem 11')
    expect(text).toContain('and 2 more')
    expect(allHold(failed)).toBe(false)
  })
})

describe('drawPlot()', () => {
  it('draws lines that break where no enrollment ended, and marks the faults', () => {
    const svg = drawPlot(result([]))
    const path = /<path d="([^"]+)" class="line" stroke="#0072b2"/g
    const paths = [...svg.matchAll(path)].map(([, d]) => d ?? '')
    // The first one is the legend.
    expect(paths[1]?.match(/M/g)).toHaveLength(2)
    expect(svg).toContain('Redis &lt;stopped&gt;')
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  })
})

describe('createProgress()', () => {
  const standing = {
    seconds: 0,
    ended: 1,
    instances: 2000,
    inFlight: 3,
    retries: 4,
    fault: undefined,
  }
  const written = (isTTY: boolean): string => {
    let text = ''
    const progress = createProgress({ isTTY, write: (part) => (text += part) })
    for (const seconds of [0, 1, 2, 6]) progress.show({ ...standing, seconds })
    progress.say('done')
    return text
  }

  it('rewrites one line on a terminal', () => {
    expect(written(true).split('\n')).toHaveLength(3)
    expect(written(true).split('\r')).toHaveLength(5)
  })

  it('writes a line every five seconds elsewhere', () => {
    expect(written(false).split('\n')).toEqual([
      '0 s, 1 of 2,000 done, 3 enrolling, 4 retries',
      '6 s, 1 of 2,000 done, 3 enrolling, 4 retries',
      'done',
      '',
    ])
  })
})
