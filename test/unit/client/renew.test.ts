// renewEnrollment(): when an instance enrolls again, and what it survives.

import { describe, expect, it } from 'vitest'
import {
  type RenewalFailure,
  type RenewOptions,
  renewEnrollment,
} from '../../../src/client/index.ts'
import { renewalDelay } from '../../../src/client/renew.ts'
import {
  type ClientService,
  ISSUER,
  ROLE,
  createClientService,
  inTurn,
  status,
} from '../../support/client-service.ts'

/** Renews until there are so many tokens. */
const renew = async (
  { reach, metadata }: ClientService,
  tokens: number,
  options: Partial<RenewOptions> = {},
) => {
  const controller = new AbortController()
  const seen: { token: string; nextInSeconds: number }[] = []
  const failures: RenewalFailure[] = []
  const end = renewEnrollment({
    issuer: ISSUER,
    role: ROLE,
    metadata,
    ...reach,
    signal: controller.signal,
    onFailure: (failure) => failures.push(failure),
    ...options,
    async onToken(enrolled, nextInSeconds) {
      seen.push({ token: enrolled.accessToken, nextInSeconds })
      if (seen.length === tokens) controller.abort(new Error('enough'))
      await options.onToken?.(enrolled, nextInSeconds)
    },
  })
  await expect(end).rejects.toThrow('enough')
  return { seen, failures }
}

describe('renewEnrollment()', () => {
  it('enrolls again at two thirds of the lifetime, or up to a tenth earlier', async () => {
    const service = await createClientService()
    const { seen, failures } = await renew(service, 3)
    expect(new Set(seen.map(({ token }) => token)).size).toBe(3)
    for (const { nextInSeconds } of seen) expect(nextInSeconds).toBeCloseTo(190, 6)
    expect(service.timing.waits.map((wait) => Math.round(wait))).toEqual([190, 190])
    expect(failures).toEqual([])
  })

  it('throws when the first enrollment fails', async () => {
    const service = await createClientService({ role: { match: { owner_account_id: ['1'] } } })
    const options = { issuer: ISSUER, role: ROLE, metadata: service.metadata, ...service.reach }
    const end = renewEnrollment({ ...options, onToken: () => undefined })
    await expect(end).rejects.toMatchObject({ code: 'enrollment_refused' })
  })

  it('survives refusals and outages, and tells how long the last token is good', async () => {
    const service = await createClientService()
    const { reply } = service
    const fail = inTurn('/v1/challenge', reply, status(403), status(503), status(503))
    service.reply = (request, real) => fail(request, real)
    const { seen, failures } = await renew(service, 2, { attempts: 1 })
    expect(seen).toHaveLength(2)
    expect(failures.map(({ error }) => (error as { code: string }).code)).toEqual([
      'enrollment_refused',
      'unavailable',
      'unavailable',
    ])
    expect(failures.map(({ waitSeconds }) => waitSeconds)).toEqual([1, 2, 4])
    expect(failures.map(({ expiresInSeconds }) => expiresInSeconds)).toEqual([110, 109, 107])
  })

  it('goes on after the token has expired, a minute apart at most', async () => {
    const service = await createClientService()
    const refusals = Array.from({ length: 20 }, () => status(503))
    service.reply = inTurn('/v1/challenge', service.reply, ...refusals)
    const { failures } = await renew(service, 2, { attempts: 1 })
    expect(failures).toHaveLength(20)
    expect(Math.max(...failures.map(({ waitSeconds }) => waitSeconds))).toBe(30)
    expect(failures.at(-1)?.expiresInSeconds).toBe(0)
  })

  it('goes on when the token could not be delivered, and tells of that', async () => {
    const service = await createClientService()
    const errors: unknown[] = []
    const { seen } = await renew(service, 2, {
      onToken: () => {
        throw new Error('no room')
      },
      onTokenError: (error) => errors.push(String(error)),
    })
    expect(seen).toHaveLength(2)
    expect(errors).toEqual(['Error: no room', 'Error: no room'])
  })
})

describe('renewalDelay()', () => {
  it('is two thirds of the lifetime or up to a tenth less, and never nothing', () => {
    expect(renewalDelay(300, 0)).toBe(200)
    expect(renewalDelay(300, 0.9999)).toBeCloseTo(180, 0)
    expect(renewalDelay(0, 0.5)).toBe(1)
  })
})
