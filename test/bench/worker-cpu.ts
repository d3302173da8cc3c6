// `npm run bench:worker`: what the Worker costs on Cloudflare, as processor time in workerd, which runs the very
// bundle that would be deployed. Upper bounds: the platform counts code only, this counts the whole process, with
// HTTP between the two. `worker-cpu.ts [--enrollments N] [--quick]`; `--quick` measures the start alone.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { admitting } from '../support/test-enroller.ts'
import { createTestCloud } from '../support/test-cloud.ts'
import { bundleWorker } from '../support/worker-bundle.ts'
import { type StartCosts, measureStart } from './worker-start.ts'
import { measureSteady } from './worker-steady.ts'
import { workerdVersion } from './workerd.ts'

const FREE_PLAN_MS = 10
const ROUNDS = 21
const QUICK_ROUNDS = 11

const { values } = parseArgs({
  options: {
    enrollments: { type: 'string', default: '500' },
    quick: { type: 'boolean', default: false },
  },
})
const { quick } = values
const enrollments = Number(values.enrollments)

const fixed = (value: number): number => Number(value.toFixed(2))
const show = (name: string, ...cells: readonly (number | string)[]): void => {
  const texts = cells.map((cell) => (typeof cell === 'string' ? cell : cell.toFixed(2)))
  console.log(`${name.padEnd(24)} ${texts.map((text) => text.padStart(9)).join(' ')}`)
}

/** Prints the costs of the start. @returns them as members of the last line */
const startFigures = ({ rollcall, bare, audited, empty }: StartCosts): Record<string, number> => {
  show('processor time, ms', 'rollcall', 'bare', 'audited', 'empty', 'ratio')
  const row = (name: string, part: 'start' | 'first'): void => {
    const costs = [rollcall, bare, audited, empty].map((cost) => cost[part])
    show(name, ...costs, rollcall[part] / bare[part])
  }
  row('start of workerd', 'start')
  row('first challenge', 'first')
  return {
    start_ms: fixed(rollcall.start),
    start_bare_ms: fixed(bare.start),
    start_ratio: fixed(rollcall.start / bare.start),
    first_challenge_ms: fixed(rollcall.first),
    first_challenge_bare_ms: fixed(bare.first),
    first_challenge_ratio: fixed(rollcall.first / bare.first),
    first_challenge_audited_ms: fixed(audited.first),
    first_challenge_audited_ratio: fixed(rollcall.first / audited.first),
  }
}

const folder = mkdtempSync(join(tmpdir(), 'rollcall-worker-cpu-'))
const bundle = join(folder, 'bundle')
try {
  const cloud = await createTestCloud()
  await bundleWorker({ outdir: bundle })
  const variables = {
    ROLLCALL_ISSUER: 'https://rollcall.test',
    ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
    ROLLCALL_POLICY: JSON.stringify(admitting()),
    ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
  }
  const rounds = quick ? QUICK_ROUNDS : ROUNDS
  console.log(`${await workerdVersion()}, medians of ${rounds} starts of each, in turns`)
  let figures = startFigures(await measureStart(bundle, variables, rounds))
  if (!quick) {
    const steady = await measureSteady(bundle, variables, cloud, enrollments)
    const { firstEnrollment, challenge, enrollment } = steady
    console.log(`${enrollments} enrollments one after the other`)
    show('processor time, ms', 'Worker', 'objects')
    show('first enrollment', firstEnrollment.worker, firstEnrollment.objects)
    show('challenge', challenge.worker, challenge.objects)
    show('enrollment', enrollment.worker, enrollment.objects)
    if (enrollment.worker > FREE_PLAN_MS) {
      console.log(`an enrollment takes more than the ${FREE_PLAN_MS} ms of the free plan`)
    }
    figures = {
      ...figures,
      first_enroll_ms: fixed(firstEnrollment.worker),
      challenge_ms: fixed(challenge.worker),
      enroll_ms: fixed(enrollment.worker),
      objects_ms: fixed(enrollment.objects),
    }
  }
  console.log(`BENCH_WORKER ${JSON.stringify(figures)}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
