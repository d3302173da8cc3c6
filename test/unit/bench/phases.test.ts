import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { CpuProfile, ProfileNode } from '../../bench/inspector.ts'
import { PHASES, SOURCES, costsByPhase, phaseOf } from '../../bench/phases.ts'
import { ROOT, typeScriptFiles } from '../../support/sources.ts'

const node = (id: number, url: string, functionName: string, children: number[] = []) => ({
  id,
  callFrame: { functionName, url, lineNumber: 6, columnNumber: 0 },
  children,
})

/** The test's profiles have sources in place of a bundle. */
const locate = ({ callFrame: { url, lineNumber } }: ProfileNode) =>
  url.startsWith('src/') ? { source: url, line: lineNumber + 1 } : undefined

const profileOf = (nodes: ProfileNode[], samples: number[]): CpuProfile => ({
  nodes,
  samples,
  // The first delta is the time before the first sample.
  timeDeltas: [1_000_000, ...samples.map(() => 10)],
})

const costsOf = (nodes: ProfileNode[], samples: number[]) =>
  costsByPhase(profileOf(nodes, samples), locate)

const timesOf = (nodes: ProfileNode[], samples: number[]) =>
  Object.fromEntries([...costsOf(nodes, samples).phases].filter(([, time]) => time > 0))

describe('costsByPhase()', () => {
  test('counts a helper and the platform for the function that called them', () => {
    const nodes = [
      node(1, '', '(root)', [2]),
      node(2, 'src/verify/verify-evidence.ts', 'verifyEvidence', [3]),
      node(3, 'src/base/bytes.ts', 'fromBase64', [4]),
      node(4, '', 'atob'),
    ]
    expect(timesOf(nodes, [2, 3, 4, 4])).toEqual({ verify: 40 })
    const [dearest] = costsOf(nodes, [2, 3, 4, 4]).functions
    expect(dearest?.name).toBe('verifyEvidence (src/verify/verify-evidence.ts:7)')
  })

  test('counts a function with a phase of its own for that phase alone', () => {
    const nodes = [
      node(1, 'src/verify/verify-evidence.ts', 'verifyEvidence', [2]),
      node(2, 'src/codec/der.ts', 'readElement'),
    ]
    expect(timesOf(nodes, [1, 2, 2])).toEqual({ verify: 10, parse: 20 })
  })

  test('counts what belongs to no function of ours for Node and the adapter', () => {
    const nodes = [
      node(1, '', '(root)', [2, 3]),
      node(2, 'node:_http_server', 'parserOnIncoming'),
      node(3, 'src/base/timing.ts', 'within'),
    ]
    expect(timesOf(nodes, [2, 3])).toEqual({ 'Node and adapter': 20 })
  })

  test('leaves out the time without work, and keeps the garbage collector apart', () => {
    const nodes = [
      node(1, '', '(root)', [2, 3]),
      node(2, '', '(idle)'),
      node(3, '', '(garbage collector)'),
    ]
    expect(timesOf(nodes, [2, 2, 3])).toEqual({ 'garbage collector': 10 })
  })

  test('adds up to the time of all samples with work', () => {
    const nodes = [
      node(1, 'src/token/jws.ts', 'signJws', [2]),
      node(2, '', 'sign', []),
      node(3, 'src/http/audit.ts', 'auditLine'),
    ]
    const { phases, functions } = costsOf(nodes, [1, 2, 3, 3, 1])
    expect([...phases.values()].reduce((sum, time) => sum + time, 0)).toBe(50)
    expect(functions.reduce((sum, { microseconds }) => sum + microseconds, 0)).toBe(50)
  })
})

describe('phaseOf()', () => {
  test('each beginning of a path leads to a source or a package', () => {
    const sources = typeScriptFiles('src')
    const stale = SOURCES.filter(
      ([prefix]) =>
        !sources.some((source) => source.startsWith(prefix)) && !existsSync(join(ROOT, prefix)),
    )
    expect(stale).toEqual([])
  })

  test('each phase but the last two has sources', () => {
    const found = new Set(SOURCES.map(([, phase]) => phase))
    expect(PHASES.filter((phase) => !found.has(phase))).toEqual([
      'Node and adapter',
      'garbage collector',
    ])
  })

  test('each file on the way of an enrollment has a phase', () => {
    const folders = ['verify', 'codec', 'policy', 'registry', 'ledger', 'token', 'enroll', 'http']
    const files = folders.flatMap((folder) => typeScriptFiles(`src/${folder}`))
    expect(files.filter((file) => phaseOf(file) === undefined)).toEqual([])
  })

  test.each([
    ['src/http/request/body.ts', 'read'],
    ['src/http/request/fields.ts', 'parse'],
    ['src/http/app.ts', 'answer'],
    ['src/http/audit.ts', 'audit'],
    ['src/http/audited.ts', 'answer'],
    ['src/base/bytes.ts', undefined],
  ])('%s belongs to %s', (source, phase) => {
    expect(phaseOf(source)).toBe(phase)
  })
})
