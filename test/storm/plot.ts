// Draws a storm: the latency of enrollments and the tokens of each second over time, with the faults marked. Scales and
// lines are made by d3; an SVG needs no browser to be drawn and few to be read.

import { type ScaleContinuousNumeric, scaleLinear, scaleLog } from 'd3-scale'
import { line } from 'd3-shape'
import type { Second } from './meter.ts'
import type { StormResult } from './result.ts'

const WIDTH = 960
const LEFT = 88
const RIGHT = 944
const LATENCY = { top: 84, bottom: 352 } as const
const RATE = { top: 396, bottom: 488 } as const
const HEIGHT = 532

/** A line of the upper part. Colours differ for people who do not see red and green, and so do the dashes. */
const LINES = [
  { name: 'p50', of: ({ p50 }: Second) => p50, colour: '#0072b2', dash: '' },
  { name: 'p99', of: ({ p99 }: Second) => p99, colour: '#d55e00', dash: '' },
  { name: 'longest', of: ({ max }: Second) => max, colour: '#777777', dash: '3 3' },
] as const

type Scale = ScaleContinuousNumeric<number, number>

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const fixed = (value: number): string => value.toFixed(1)

const text = (x: number, y: number, words: string, anchor = 'start'): string =>
  `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}">${escape(words)}</text>`

const rule = (x1: number, y1: number, x2: number, y2: number): string =>
  `<path d="M${fixed(x1)},${fixed(y1)}L${fixed(x2)},${fixed(y2)}" class="rule"/>`

const across = (scale: Scale, ticks: readonly number[], unit: string): readonly string[] =>
  ticks.flatMap((tick) => [
    rule(LEFT, scale(tick), RIGHT, scale(tick)),
    text(LEFT - 8, scale(tick) + 4, `${tick.toLocaleString('en-US')}${unit}`, 'end'),
  ])

const isPowerOfTen = (value: number): boolean => Number.isInteger(Math.log10(value))

const fault = (
  x: Scale,
  { what, fromSeconds, toSeconds }: StormResult['marks'][number],
  index: number,
): readonly string[] => {
  const [from, to] = [x(fromSeconds), x(toSeconds)]
  const size = `x="${fixed(from)}" y="${LATENCY.top}" width="${fixed(Math.max(2, to - from))}"`
  return [
    `<rect ${size} height="${RATE.bottom - LATENCY.top}" class="fault"/>`,
    rule(from, LATENCY.top - 4, from, RATE.bottom),
    // On two lines in turns, so that neighbours have room.
    text(from, LATENCY.top - (index % 2 === 0 ? 22 : 8), what),
  ]
}

/** A path through the seconds, which breaks where a second has no value. */
const pathOf = (
  seconds: readonly Second[],
  x: Scale,
  y: Scale,
  of: (second: Second) => number,
): string => {
  const end = (seconds.at(-1)?.atSecond ?? 0) + 1
  const bySecond = new Map(seconds.map((second) => [second.atSecond, second]))
  const draw = line<number>()
    .defined((second) => (bySecond.get(second)?.count ?? 0) > 0)
    .x((second) => x(second + 0.5))
    .y((second) => y(of(bySecond.get(second) as Second)))
    .digits(1)
  return draw(Array.from({ length: end }, (_, second) => second)) ?? ''
}

/** The plot of a storm, SVG. */
export const drawPlot = (result: StormResult): string => {
  const { bySecond: seconds, marks, options } = result
  const longest = seconds.reduce((most, { max }) => Math.max(most, max), 10)
  const shortest = seconds.reduce((least, { p50 }) => Math.min(least, p50 || least), 1)
  const most = seconds.reduce((busy, { count, failed }) => Math.max(busy, count + failed), 1)
  const x = scaleLinear([0, Math.max(1, result.seconds)], [LEFT, RIGHT])
  const latency = scaleLog([shortest, longest], [LATENCY.bottom, LATENCY.top]).nice()
  const rate = scaleLinear([0, most], [RATE.bottom, RATE.top]).nice()
  const title = `${options.instances.toLocaleString('en-US')} instances boot within ${options.seconds} s`
  const bar = (atSecond: number, from: number, to: number, name: string): string => {
    const [left, right] = [x(atSecond), x(atSecond + 1)]
    const width = fixed(Math.max(0.5, (right - left) * 0.9))
    const size = `width="${width}" height="${fixed(rate(from) - rate(to))}"`
    return `<rect x="${fixed(left)}" y="${fixed(rate(to))}" ${size} class="${name}"/>`
  }
  const bars = seconds.flatMap(({ atSecond, count, failed }) => [
    ...(count > 0 ? [bar(atSecond, 0, count, 'bar')] : []),
    ...(failed > 0 ? [bar(atSecond, count, count + failed, 'failed')] : []),
  ])
  const legend = LINES.flatMap(({ name, colour, dash }, index) => {
    const at = RIGHT - 240 + index * 84
    const stroke = `stroke="${colour}" stroke-dasharray="${dash}"`
    return [`<path d="M${at},24h24" class="line" ${stroke}/>`, text(at + 30, 28, name)]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`,
    `<title>${escape(title)}: latency of enrollments over time</title>`,
    '<style>svg{background:#fff}text{font:12px sans-serif;fill:#333}.rule{stroke:#ddd}',
    '.line{fill:none;stroke-width:1.5}.bar{fill:#56b4e9}.failed{fill:#b2182b;fill-opacity:.8}.fault{fill:#e69f00;fill-opacity:.2}</style>',
    ...marks.flatMap((mark, index) => fault(x, mark, index)),
    text(LEFT, 28, `${title}: time of an enrollment, as clients see it`),
    ...legend,
    ...across(latency, latency.ticks().filter(isPowerOfTen), ' ms'),
    ...LINES.map(({ of, colour, dash }) => {
      const stroke = `stroke="${colour}" stroke-dasharray="${dash}"`
      return `<path d="${pathOf(seconds, x, latency, of)}" class="line" ${stroke}/>`
    }),
    text(
      LEFT,
      RATE.top - 10,
      'in each second: tokens (blue), calls that failed or had no answer (red)',
    ),
    ...across(rate, rate.ticks(3), ''),
    ...bars,
    ...x.ticks(10).map((tick) => text(x(tick), RATE.bottom + 18, `${tick} s`, 'middle')),
    '</svg>',
    '',
  ].join('\n')
}
