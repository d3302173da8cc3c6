// The race for one challenge: many instances of one account, each with good evidence over the same
// challenge, post it at the same moment. One may enroll.

import { type TestCloud, signedEvidence } from '../../support/test-cloud.ts'
import { type EnrollmentAnswer, getChallenge, postEvidence } from '../../support/instance.ts'
import { type RunningService, usualVariables } from '../../support/start-service.ts'

/** How many instances race. */
export const RACERS = 50
const ACCOUNT = '1234567890123456'

/** What a service is started with so that it accepts the racers' evidence. */
export const raceVariables = (cloud: TestCloud): Promise<Record<string, string>> =>
  usualVariables(cloud, {
    roles: {
      racer: {
        match: { owner_account_id: [ACCOUNT] },
        token: { audience: ['https://cluster.example'] },
        reenrollment: 'always',
      },
    },
  })

/** Runs one race. @returns what each racer was answered */
export const race = async (
  service: RunningService,
  cloud: TestCloud,
): Promise<EnrollmentAnswer[]> => {
  const challenge = await getChallenge(service.url)
  const evidence = Array.from({ length: RACERS }, (_, racer) =>
    signedEvidence(cloud, challenge, {
      'owner-account-id': ACCOUNT,
      'instance-id': `i-racer${racer}`,
      'serial-number': `serial-${racer}`,
    }),
  )
  return Promise.all(evidence.map((posted) => postEvidence(service.url, posted)))
}

/** How many racers were answered with each status. */
export const countByStatus = (answers: readonly EnrollmentAnswer[]): Record<number, number> => {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
