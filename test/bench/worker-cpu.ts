// What a challenge and an enrollment cost the Worker on Cloudflare: processor time in workerd, which runs
// the very bundle that would be deployed; the Worker's own, which the free plan limits to 10 ms a request,
// and that of the Durable Objects, which have limits of their own. Upper bounds: the platform counts code
// only, this counts the whole process, with HTTP between the two. `worker-cpu.ts [--enrollments N]`.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { admitting } from '../support/enrollment.ts'
import { getChallenge, postEvidence } from '../support/instance.ts'
import { bundleWorker } from '../support/worker-bundle.ts'
import { createTestCloud, documentText, withAudience } from '../support/test-cloud.ts'
import { type WorkerdProcess, startObjects, startWorkerAlone, workerdVersion } from './workerd.ts'

const FREE_PLAN_MS = 10
/** After so many, each of the 128 objects has most likely been asked. */
const WARM_UP = 300

const { values } = parseArgs({ options: { enrollments: { type: 'string', default: '500' } } })
const enrollments = Number(values.enrollments)
const folder = mkdtempSync(join(tmpdir(), 'rollcall-worker-cpu-'))
const running: WorkerdProcess[] = []

try {
  const cloud = await createTestCloud()
  await bundleWorker({ outdir: folder })
  const objects = await startObjects(folder)
  running.push(objects)
  const worker = await startWorkerAlone(folder, objects.port, {
    ROLLCALL_ISSUER: 'https://rollcall.test',
    ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
    ROLLCALL_POLICY: JSON.stringify(admitting()),
    ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
  })
  running.push(worker)
  const url = `http://127.0.0.1:${worker.port}`

  let instances = 0
  const evidenceOver = (audience: string): { document: string; pkcs7: string } => {
    const document = documentText({ 'instance-id': `i-${instances++}` })
    const der = cloud.sign(withAudience(document, audience))
    return { document, pkcs7: Buffer.from(der).toString('base64') }
  }
  const measure = async <Item>(items: readonly Item[], send: (item: Item) => Promise<void>) => {
    const [workerStart, objectsStart] = [worker.processorMs(), objects.processorMs()]
    for (const item of items) await send(item)
    return {
      worker: (worker.processorMs() - workerStart) / items.length,
      objects: (objects.processorMs() - objectsStart) / items.length,
    }
  }
  /** Challenges, then evidence, then enrollments, each by an instance of its own. */
  const enroll = async (count: number) => {
    const audiences: string[] = []
    const challenge = await measure(Array.from({ length: count }), async () => {
      audiences.push(await getChallenge(url, 'worker'))
    })
    const enrollment = await measure(audiences.map(evidenceOver), async (evidence) => {
      const { status } = await postEvidence(url, { ...evidence, role: 'worker' })
      if (status !== 200) throw new Error(`answered ${status}\n${worker.output()}`)
    })
    return { challenge, enrollment }
  }

  console.log(`${await workerdVersion()}, ${enrollments} enrollments one after the other`)
  console.log(`${'processor time, ms'.padEnd(24)} ${'Worker'.padStart(8)} ${'objects'.padStart(8)}`)
  const show = (name: string, cost: { worker: number; objects: number }): void =>
    console.log(
      `${name.padEnd(24)} ${cost.worker.toFixed(2).padStart(8)} ${cost.objects.toFixed(2).padStart(8)}`,
    )
  const first = await enroll(1)
  show('first challenge', first.challenge)
  show('first enrollment', first.enrollment)
  await enroll(WARM_UP)
  const { challenge, enrollment } = await enroll(enrollments)
  show('challenge', challenge)
  show('enrollment', enrollment)
  const ms = (value: number): number => Number(value.toFixed(2))
  const figures = {
    first_challenge_ms: ms(first.challenge.worker),
    first_enroll_ms: ms(first.enrollment.worker),
    challenge_ms: ms(challenge.worker),
    enroll_ms: ms(enrollment.worker),
    objects_ms: ms(enrollment.objects),
  }
  console.log(`WORKER ${JSON.stringify(figures)}`)
  if (enrollment.worker > FREE_PLAN_MS) {
    console.log(`an enrollment takes more than the ${FREE_PLAN_MS} ms of the free plan`)
    process.exitCode = 1
  }
} finally {
  for (const { stop } of running.toReversed()) await stop()
  rmSync(folder, { recursive: true, force: true })
}
