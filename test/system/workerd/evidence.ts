// Evidence for the tests in workerd, made outside of it by the openssl command: the evidence of one
// instance in the shape of ECS.

import type { TestProject } from 'vitest/node'
import { createOpensslCloud } from '../../support/openssl.ts'
import { findTool } from '../../support/requirements.ts'
import { documentText, withAudience } from '../../support/test-cloud.ts'

/** What the tests are given; absent without the openssl command. */
export interface ProvidedEvidence {
  readonly certificatePem: string
  readonly document: string
  readonly audience: string
  /** DER, base64. */
  readonly pkcs7: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    evidence: ProvidedEvidence | null
  }
}

export const setup = async (project: TestProject): Promise<void> => {
  if (findTool('openssl') === undefined) {
    if (process.env['ROLLCALL_REQUIRE_ALL'] === '1') throw new Error('openssl is not installed')
    project.provide('evidence', null)
    return
  }
  const cloud = await createOpensslCloud()
  const audience = 'a-nonce'
  const document = documentText()
  const der = await cloud.sign(withAudience(document, audience))
  const pkcs7 = Buffer.from(der).toString('base64')
  project.provide('evidence', {
    certificatePem: cloud.certificatePem,
    document,
    audience,
    pkcs7,
  })
  cloud.close()
}
