// The race for one challenge: many instances of one account, each with good evidence over the same
// challenge, post it at the same moment. One may enroll.

import { type TestCloud, documentText, withAudience } from '../../support/test-cloud.ts'
import { type EnrollmentAnswer, getChallenge, postEvidence } from '../../support/instance.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import type { Service, ServiceVariables } from '../../support/services.ts'

/** How many instances race. */
export const RACERS = 50
const ACCOUNT = '1234567890123456'

/** What a service is started with so that the racers' evidence is good. */
export const raceVariables = async (cloud: TestCloud): Promise<ServiceVariables> => ({
  ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
  ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
  ROLLCALL_POLICY: JSON.stringify({
    roles: {
      racer: {
        match: { owner_account_id: [ACCOUNT] },
        token: { audience: ['https://cluster.example'] },
        reenrollment: 'always',
      },
    },
  }),
})

/** Runs one race. @returns what each racer was answered */
export const race = async (service: Service, cloud: TestCloud): Promise<EnrollmentAnswer[]> => {
  const challenge = await getChallenge(service.url)
  const evidence = Array.from({ length: RACERS }, (_, racer) => {
    const document = documentText({
      'owner-account-id': ACCOUNT,
      'instance-id': `i-racer${racer}`,
      'serial-number': `serial-${racer}`,
    })
    const pkcs7 = Buffer.from(cloud.sign(withAudience(document, challenge))).toString('base64')
    return { document, pkcs7 }
  })
  return Promise.all(evidence.map((posted) => postEvidence(service.url, posted)))
}

/** How many racers were answered with each status. */
export const countByStatus = (answers: readonly EnrollmentAnswer[]): Record<number, number> => {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
