// Which phase of a request a sample of a processor profile belongs to. A function without a phase (the
// platform's, a helper's) counts for the function that called it.

import type { CpuProfile, ProfileNode } from './inspector.ts'

/** The phases, in the order of a request; the last two are no code of this project. */
export const PHASES = [
  'read',
  'parse',
  'verify',
  'challenge',
  'decide',
  'ledger',
  'sign',
  'answer',
  'audit',
  'Node and adapter',
  'garbage collector',
] as const

/** A part of the work for a request. */
export type Phase = (typeof PHASES)[number]

/** Beginnings of paths, each with the phase of its functions; the first that fits counts. */
export const SOURCES: readonly (readonly [prefix: string, phase: Phase])[] = [
  ['src/http/request/body', 'read'],
  ['src/http/request/read-request', 'read'],
  ['src/http/request/', 'parse'],
  ['src/codec/', 'parse'],
  ['node_modules/valibot/', 'parse'],
  ['src/verify/', 'verify'],
  ['src/enroll/read-evidence', 'verify'],
  ['src/enroll/tested-reader', 'verify'],
  ['src/enroll/challenge', 'challenge'],
  ['src/enroll/bound-challenge', 'challenge'],
  ['src/base/wire/audience-name', 'challenge'],
  ['src/policy/', 'decide'],
  ['src/enroll/record-enrollment', 'ledger'],
  ['src/enroll/', 'decide'],
  ['src/registry/', 'ledger'],
  ['src/ledger/', 'ledger'],
  ['src/token/', 'sign'],
  ['src/http/audit.ts', 'audit'],
  ['src/node/audit-writer', 'audit'],
  ['src/node/prepare', 'audit'],
  ['src/node/write-all', 'audit'],
  ['src/http/', 'answer'],
  ['src/service', 'answer'],
  ['src/node/serve-node', 'answer'],
  ['node_modules/hono/', 'answer'],
]

/** The phase of a source, if it has one of its own. @param source path from the root of the project */
export const phaseOf = (source: string): Phase | undefined =>
  SOURCES.find(([prefix]) => source.startsWith(prefix))?.[1]

/** A place in a source. */
export interface Place {
  /** Path from the root of the project. */
  readonly source: string
  /** Counted from 1. */
  readonly line: number
}

/** What a function costs, with all that it calls and that has no phase of its own. */
export interface FunctionCost {
  readonly phase: Phase
  /** `NAME (PATH:LINE)`. */
  readonly name: string
  readonly microseconds: number
}

/** Where the time of a profile went, the time without work left out. */
export interface PhaseCosts {
  readonly phases: ReadonlyMap<Phase, number>
  /** The dearest first. */
  readonly functions: readonly FunctionCost[]
}

/** What V8 calls time without work. */
const IDLE = '(idle)'
const COLLECTOR = '(garbage collector)'

/**
 * Adds up a profile by phase and by function.
 * @param locate the source of a call, from the source map of the bundle
 */
export const costsByPhase = (
  { nodes, samples, timeDeltas }: CpuProfile,
  locate: (node: ProfileNode) => Place | undefined,
): PhaseCosts => {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((it) => [it, id])))
  const byId = new Map(nodes.map((node) => [node.id, node]))

  const ownerOf = (leaf: ProfileNode): Omit<FunctionCost, 'microseconds'> | undefined => {
    const { functionName: leafName, url: leafUrl } = leaf.callFrame
    if (leafName === IDLE) return undefined
    if (leafName === COLLECTOR) return { phase: 'garbage collector', name: COLLECTOR }
    for (let node: ProfileNode | undefined = leaf; node !== undefined;) {
      const place = locate(node)
      const phase = place && phaseOf(place.source)
      if (place !== undefined && phase !== undefined) {
        const { functionName } = node.callFrame
        return { phase, name: `${functionName || '(anonymous)'} (${place.source}:${place.line})` }
      }
      node = byId.get(parents.get(node.id) ?? Number.NaN)
    }
    const place = locate(leaf)
    const where = place === undefined ? leafUrl : `${place.source}:${place.line}`
    return { phase: 'Node and adapter', name: `${leafName || '(anonymous)'} (${where})` }
  }

  const owners = new Map(nodes.map((node) => [node.id, ownerOf(node)]))
  const phases = new Map<Phase, number>(PHASES.map((phase) => [phase, 0]))
  const functions = new Map<string, FunctionCost>()
  for (const [index, id] of samples.entries()) {
    const owner = owners.get(id)
    if (owner === undefined) continue
    // The time until the next sample is the time of this one.
    const microseconds = timeDeltas[index + 1] ?? 0
    phases.set(owner.phase, (phases.get(owner.phase) ?? 0) + microseconds)
    const before = functions.get(owner.name)?.microseconds ?? 0
    functions.set(owner.name, { ...owner, microseconds: before + microseconds })
  }
  return {
    phases,
    functions: [...functions.values()].toSorted((a, b) => b.microseconds - a.microseconds),
  }
}
