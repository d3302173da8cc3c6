// The bad tokens at `/v1/kubernetes/tokenreview`, before, during and after the rotation of the signing key.

import { beforeAll, describe, expect, it } from 'vitest'
import { createMemoryLedger } from '../../../../src/ledger/memory.ts'
import { generateSigningKeys } from '../../../../src/token/generate.ts'
import { BAD_TOKEN_NAMES, type BadTokenName, makeBadTokens } from '../../../support/bad-tokens.ts'
import { type Reviewing, createReviewing, reviewBody } from '../../../support/reviewing.ts'

const PHASES = ['before', 'during', 'after'] as const
type Phase = (typeof PHASES)[number]

let gates: ReadonlyMap<Phase, Reviewing>
let bad: ReadonlyMap<Phase, ReadonlyMap<BadTokenName, string>>
beforeAll(async () => {
  const [oldKey] = (await generateSigningKeys('ES256')).keys
  const [newKey] = (await generateSigningKeys('ES256')).keys
  const sets = { before: [oldKey], during: [newKey, oldKey], after: [newKey] }
  const signing = (phase: Phase): string => JSON.stringify({ keys: sets[phase] })
  const ledger = createMemoryLedger(0)
  gates = new Map(
    await Promise.all(
      PHASES.map(async (phase) => {
        const variables = { ROLLCALL_SIGNING_KEYS: signing(phase) }
        return [phase, await createReviewing({ ledger, variables })] as const
      }),
    ),
  )
  bad = new Map(
    PHASES.map((phase) => {
      const goodToken = gates.get(phase)?.token ?? ''
      const tokens = makeBadTokens({ goodToken, privateKeys: signing(phase) })
      return [phase, new Map(tokens.map(([name, token]) => [name, token]))]
    }),
  )
})

/** What the API server learns, and why by the audit event. */
const review = async (phase: Phase, token: string, audiences?: readonly string[]) => {
  const gate = gates.get(phase)
  if (gate === undefined) throw new Error(phase)
  const answer = await gate.ask(reviewBody(token, audiences))
  expect(answer.status).toBe(200)
  const { status } = (await answer.json()) as { status: Record<string, unknown> }
  return status
}

describe.each(PHASES)('/v1/kubernetes/tokenreview, %s a rotation,', (phase) => {
  it('authenticates the tokens of its key, and of the old one as long as that is published', async () => {
    const tokenOf = (of: Phase): string => gates.get(of)?.token ?? ''
    expect(await review(phase, tokenOf(phase))).toMatchObject({ authenticated: true })
    const old = await review(phase, tokenOf('before'))
    expect(old['authenticated']).toBe(phase !== 'after')
  })

  it.each(BAD_TOKEN_NAMES)('authenticates nobody, and says nothing, with: %s', async (name) => {
    const token = bad.get(phase)?.get(name)
    expect(token).toBeDefined()
    for (const audiences of [undefined, [], ['https://another-audience.example']]) {
      expect(await review(phase, String(token), audiences)).toEqual({ authenticated: false })
    }
  })
})
