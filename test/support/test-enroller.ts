// An enroller without HTTP around it, for tests of what enrolls: over a cloud of the tests' own, with instances.

import type { KeyOptions } from '../../src/base/crypto.ts'
import { type Enroller, type EnrollerOptions, createEnroller } from '../../src/enroll/enroller.ts'
import { parseTrustAnchors } from '../../src/index.ts'
import { createMemoryLedger } from '../../src/ledger/memory.ts'
import { parsePolicy } from '../../src/policy/policy.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { parseSigningKeys } from '../../src/token/signing-keys.ts'
import {
  DOCUMENT_FIELDS,
  type SignOptions,
  type TestCloud,
  documentText,
  sharedTestCloud,
  withAudience,
} from './test-cloud.ts'

export const ISSUER = 'https://rollcall.example'
export const CLUSTER = 'https://cluster.example'
export const ROLE = 'worker'
export const LIFETIME_SECONDS = 120

/** A policy that admits the account of {@link DOCUMENT_FIELDS}. */
export const admitting = (more: Record<string, unknown> = {}): unknown => ({
  roles: {
    [ROLE]: {
      match: { owner_account_id: [DOCUMENT_FIELDS['owner-account-id']], ...more },
      token: { audience: [CLUSTER, 'https://vault.example'] },
      reenrollment: 'always',
    },
  },
})

/** How keys are to be loaded, of what was said of it. */
const keyOptions = ({ crypto, importKeys }: Partial<EnrollerOptions>): KeyOptions => ({
  ...(crypto !== undefined && { crypto }),
  ...(importKeys !== undefined && { importKeys }),
})

/** Complete options, with a memory that reaches back before every test. */
export const enrollerOptions = async (
  cloud: TestCloud,
  changes: Partial<EnrollerOptions> = {},
): Promise<EnrollerOptions> => ({
  issuer: ISSUER,
  policy: parsePolicy(admitting()),
  signingKeys: await parseSigningKeys(await generateSigningKeys('ES256'), keyOptions(changes)),
  ledger: createMemoryLedger(0),
  trustAnchors: await parseTrustAnchors(cloud.certificatePem, keyOptions(changes)),
  allowSha1: true,
  challengeLifetimeSeconds: LIFETIME_SECONDS,
  ...changes,
})

/** What a test works with. */
export interface TestEnroller {
  readonly cloud: TestCloud
  readonly options: EnrollerOptions
  readonly enroller: Enroller
  /** Evidence over an audience, as it is posted. */
  evidence(
    audience: string,
    changes?: Record<string, string>,
    signing?: SignOptions,
  ): { document: string; pkcs7: string }
}

/** Creates one; give it the cloud of another one to share its instances. */
export const createTestEnroller = async (
  changes: Partial<EnrollerOptions> = {},
  given?: TestCloud,
): Promise<TestEnroller> => {
  const cloud = given ?? (await sharedTestCloud())
  const options = await enrollerOptions(cloud, changes)
  return {
    cloud,
    options,
    enroller: await createEnroller(options),
    evidence(audience, fields = {}, signing = {}) {
      const document = documentText(fields)
      const der = cloud.sign(withAudience(document, audience), signing)
      return { document, pkcs7: Buffer.from(der).toString('base64') }
    },
  }
}

/** The claims of a token, unverified. */
export const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()) as Record<
    string,
    unknown
  >
