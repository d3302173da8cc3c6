// Where the Node server's time goes: a processor profile of the deployed bundle, built with a source map,
// while it answers challenges and enrollments.

import { build } from 'esbuild'
import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { BUNDLE_OPTIONS } from '../../functions/build/bundle-options.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { reservePort } from '../support/ports.ts'
import { ROOT } from '../support/sources.ts'
import type { TestCloud } from '../support/test-cloud.ts'
import { createLoad } from './enrollment-load.ts'
import { type ProfileNode, profileWhile } from './inspector.ts'
import { startNode, variablesOf } from './node-servers.ts'
import { type PhaseCosts, type Place, costsByPhase } from './phases.ts'

const WARM_UP = 2_000
const ENROLLMENTS = 1_500

/** Where the time of one challenge and one enrollment goes. */
export interface NodeProfile extends PhaseCosts {
  /** Challenges, each with its enrollment. */
  readonly count: number
  /** Processor time of all other threads, in microseconds: of the platform's cryptography above all. */
  readonly otherThreads: number
}

/** Makes a finder of sources. @param file the bundle, its map beside it */
const locator = (file: string): ((node: ProfileNode) => Place | undefined) => {
  const map = new SourceMap(
    JSON.parse(readFileSync(`${file}.map`, 'utf8')) as ConstructorParameters<typeof SourceMap>[0],
  )
  return ({ callFrame: { url, lineNumber, columnNumber } }) => {
    if (!url.endsWith('/node.mjs')) return undefined
    const entry = map.findEntry(lineNumber, columnNumber)
    if (!('originalSource' in entry)) return undefined
    const { originalSource, originalLine } = entry
    const path = isAbsolute(originalSource) ? originalSource : resolve(file, '..', originalSource)
    return { source: relative(ROOT, path), line: originalLine + 1 }
  }
}

/**
 * Samples are elapsed time: on a busy machine the time in which other processes ran is in them. The kernel knows how
 * long the thread ran.
 * @param microseconds of processor time that all phases together took
 */
const scaledTo = (microseconds: number, { phases, functions }: PhaseCosts): PhaseCosts => {
  const sampled = [...phases.values()].reduce((sum, time) => sum + time, 0)
  const factor = microseconds / sampled
  return {
    phases: new Map([...phases].map(([phase, time]) => [phase, time * factor])),
    functions: functions.map((it) => ({ ...it, microseconds: it.microseconds * factor })),
  }
}

/** Profiles the server. @param folder an empty one, for the bundle */
export const profileNode = async (folder: string, cloud: TestCloud): Promise<NodeProfile> => {
  const file = join(folder, 'node.mjs')
  await build({
    ...BUNDLE_OPTIONS,
    entryPoints: [join(ROOT, 'functions/node.ts')],
    outdir: folder,
    sourcemap: 'external',
  })
  const inspectorPort = await reservePort()
  const flags = [`--inspect=127.0.0.1:${inspectorPort}`]
  const variables = variablesOf(cloud, await generateSigningKeys('ES256'))
  const server = await startNode(file, variables, flags)
  const load = createLoad(server.url, cloud)
  try {
    const enrollSome = async (count: number): Promise<void> => {
      await load.enroll(load.sign(await load.challenges(count)))
    }
    await enrollSome(WARM_UP)
    const before = server.processorMs()
    const mainBefore = server.mainThreadMs()
    const profile = await profileWhile(inspectorPort, () => enrollSome(ENROLLMENTS))
    const mainMs = server.mainThreadMs() - mainBefore
    const othersMs = server.processorMs() - before - mainMs
    return {
      ...scaledTo(mainMs * 1000, costsByPhase(profile, locator(file))),
      count: ENROLLMENTS,
      otherThreads: othersMs * 1000,
    }
  } finally {
    await load.close()
    await server.stop()
  }
}
