// An issuer that a relying party knows, in the test's own process: the real service at each step of a key rotation. A
// test says which step answers, whether anything answers, and sees each call.

import { generateSigningKeys } from '../../../src/token/generate.ts'
import { type BadTokenSource, makeBadTokens, resignToken } from '../../support/bad-tokens.ts'
import { type TestService, createTestService } from '../../support/test-service.ts'

/** The steps of a rotation, in their order: which keys are published, the signing one first. */
export const STEPS = ['one key', 'staged', 'promoted', 'removed'] as const

/** A step of a rotation. */
export type Step = (typeof STEPS)[number]

/** An issuer under test. */
export interface TestIssuer {
  /** Which step answers now. */
  step: Step
  /** Whether calls fail as they do when nobody listens. */
  isDown: boolean
  /** The URLs that were called. */
  readonly calls: readonly string[]
  /** For a verifier. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  /** Unix seconds: `iat` of its tokens. */
  readonly now: number
  /** A good token, signed by the key that signs at this step. */
  readonly goodToken: () => string
  /** The same with some claims changed. */
  readonly token: (change: Readonly<Record<string, unknown>>) => string
  /** The bad ones, signed in the same way. */
  readonly badTokens: (jkt?: string) => ReturnType<typeof makeBadTokens>
}

const serviceOf = async (keys: readonly object[]): Promise<TestService> =>
  createTestService({ variables: { ROLLCALL_SIGNING_KEYS: JSON.stringify({ keys }) } })

const enroll = async (service: TestService): Promise<string> => {
  const response = await service.post('/v1/enroll', await service.evidence())
  return ((await response.json()) as { access_token: string }).access_token
}

/** Makes one; it begins with `one key`. */
export const createTestIssuer = async (): Promise<TestIssuer> => {
  const sets = [await generateSigningKeys('ES256'), await generateSigningKeys('ES256')]
  const [old, young] = sets.map(({ keys: [key] }) => key as object) as [object, object]
  const keysAt: Readonly<Record<Step, readonly [object, ...object[]]>> = {
    'one key': [old],
    staged: [old, young],
    promoted: [young, old],
    removed: [young],
  }
  const entries = await Promise.all(
    STEPS.map(async (step) => {
      const service = await serviceOf(keysAt[step])
      const source: BadTokenSource = {
        goodToken: await enroll(service),
        privateKeys: JSON.stringify({ keys: keysAt[step] }),
      }
      return [step, { service, source }] as const
    }),
  )
  const at = Object.fromEntries(entries) as Readonly<
    Record<Step, { readonly service: TestService; readonly source: BadTokenSource }>
  >
  const calls: string[] = []
  const issuer: TestIssuer = {
    step: 'one key',
    isDown: false,
    calls,
    fetch: async (url, init) => {
      calls.push(url)
      if (issuer.isDown) throw new TypeError('fetch failed')
      return at[issuer.step].service.fetch(new Request(url, init))
    },
    now: at['one key'].service.now,
    goodToken: () => at[issuer.step].source.goodToken,
    token: (change) => resignToken(at[issuer.step].source, change),
    badTokens: (jkt) =>
      makeBadTokens({ ...at[issuer.step].source, ...(jkt !== undefined && { jkt }) }),
  }
  return issuer
}
