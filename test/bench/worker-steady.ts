// What a challenge and an enrollment cost the Worker when it is warm: processor time in workerd, the Worker's
// own, which the free plan limits, and the processor time of the Durable Objects, which have other limits.

import { getChallenge, postEvidence } from '../support/instance.ts'
import { type TestCloud, documentText, withAudience } from '../support/test-cloud.ts'
import { type WorkerdProcess, startObjects, startWorkerAlone } from './workerd.ts'

/** After so many enrollments each of the 128 objects has most likely been asked. */
const WARM_UP = 300

/** Milliseconds of processor time that one call takes. */
export interface CallCost {
  readonly worker: number
  readonly objects: number
}

/** What is measured. */
export interface SteadyCosts {
  /** The first enrollment of the isolate, of which only the challenge is its first request. */
  readonly firstEnrollment: CallCost
  readonly challenge: CallCost
  readonly enrollment: CallCost
}

/**
 * Measures enrollments one after the other, each by an instance of its own.
 * @param folder has the bundle of the Worker, as `worker.js`
 * @throws Error if an enrollment is refused
 */
export const measureSteady = async (
  folder: string,
  variables: Readonly<Record<string, string>>,
  cloud: TestCloud,
  enrollments: number,
): Promise<SteadyCosts> => {
  const running: WorkerdProcess[] = []
  try {
    const objects = await startObjects(folder)
    running.push(objects)
    const worker = await startWorkerAlone(folder, objects.port, variables)
    running.push(worker)
    const url = `http://127.0.0.1:${worker.port}`

    let instances = 0
    const evidenceOver = (audience: string): { document: string; pkcs7: string } => {
      const document = documentText({ 'instance-id': `i-${instances++}` })
      const der = cloud.sign(withAudience(document, audience))
      return { document, pkcs7: Buffer.from(der).toString('base64') }
    }
    const measure = async <Item>(
      items: readonly Item[],
      send: (item: Item) => Promise<void>,
    ): Promise<CallCost> => {
      const [workerStart, objectsStart] = [worker.processorMs(), objects.processorMs()]
      for (const item of items) await send(item)
      return {
        worker: (worker.processorMs() - workerStart) / items.length,
        objects: (objects.processorMs() - objectsStart) / items.length,
      }
    }
    /** Challenges, then evidence, then enrollments. */
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

    const { enrollment: firstEnrollment } = await enroll(1)
    await enroll(WARM_UP)
    return { firstEnrollment, ...(await enroll(enrollments)) }
  } finally {
    for (const { stop } of running.toReversed()) await stop()
  }
}
