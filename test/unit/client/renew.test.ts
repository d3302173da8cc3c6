// renewEnrollment(): when an instance enrolls again, and what it survives.

import { describe, expect, it } from 'vitest'
import {
  type NextRenewal,
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
  refusing,
} from '../../support/client-service.ts'

/** Renews until there are so many tokens. */
const renew = async (
  { reach, timing, metadata }: ClientService,
  tokens: number,
  options: Partial<RenewOptions> = {},
) => {
  const controller = new AbortController()
  const seen: { token: string; next: NextRenewal; at: number }[] = []
  const failures: RenewalFailure[] = []
  const end = renewEnrollment({
    issuer: ISSUER,
    role: ROLE,
    metadata,
    ...reach,
    signal: controller.signal,
    onFailure: (failure) => failures.push(failure),
    ...options,
    async onToken(enrolled, next) {
      seen.push({ token: enrolled.accessToken, next, at: timing.elapsed() })
      if (seen.length === tokens) controller.abort(new Error('enough'))
      await options.onToken?.(enrolled, next)
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
    for (const { next } of seen) expect(next.inSeconds).toBeCloseTo(190, 6)
    expect(seen.map(({ at }) => Math.round(at))).toEqual([0, 190, 380])
    expect(failures).toEqual([])
  })

  it('throws when the first enrollment fails', async () => {
    const service = await createClientService({ role: { match: { owner_account_id: ['1'] } } })
    const options = { issuer: ISSUER, role: ROLE, metadata: service.metadata, ...service.reach }
    const end = renewEnrollment({ ...options, onToken: () => undefined })
    await expect(end).rejects.toMatchObject({ code: 'enrollment_refused' })
  })

  it('survives refusals and outages, and says how long the last token is valid', async () => {
    const service = await createClientService()
    const { reply } = service
    const down = refusing('unavailable')
    const fail = inTurn('/v1/challenge', reply, refusing('not_admitted'), down, down)
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
    const refusals = Array.from({ length: 20 }, () => refusing('unavailable'))
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

/** Two clocks of which a test sets the wall clock, and waits that a test may lengthen by a suspension. */
const createClocks = () => {
  let passed = 0
  let ahead = 0
  const waits: number[] = []
  const clocks = {
    waits,
    /** Is called within each wait. */
    during: (_waits: number): void => undefined,
    set: (seconds: number) => void (ahead += seconds),
    timing: {
      now: () => 1_700_000_000 + passed + ahead,
      elapsed: () => passed,
      random: () => 0.5,
      async wait(seconds: number, signal?: AbortSignal) {
        signal?.throwIfAborted()
        passed += seconds
        waits.push(seconds)
        clocks.during(waits.length)
      },
    },
  }
  return clocks
}

describe('renewEnrollment(), with clocks that disagree', () => {
  it.each([
    // Of 300 s, 190 s, in steps of 5 s.
    ['the machine hibernated for an hour in the third step', 3600, 15],
    ['the machine hibernated for a minute in the third step', 60, 130],
    ['the wall clock was set back by an hour', -3600, 190],
    ['the wall clock drifts by less than a second', 0.9, 190],
  ])('renews in time when %s', async (_, seconds, at) => {
    const service = await createClientService()
    const clocks = createClocks()
    clocks.during = (waits) => {
      if (waits === 3) clocks.set(seconds)
    }
    const times: number[] = []
    await renew(service, 2, {
      timing: clocks.timing,
      onToken: () => void times.push(clocks.timing.elapsed()),
    })
    expect(times.map((time) => Math.round(time))).toEqual([0, at])
    expect(Math.max(...clocks.waits)).toBeLessThanOrEqual(60)
  })

  it('renews once too early, and no more, when the clock is set forward at boot', async () => {
    const service = await createClientService()
    const clocks = createClocks()
    clocks.during = (waits) => {
      if (waits === 1) clocks.set(50 * 365 * 86_400)
    }
    const times: number[] = []
    await renew(service, 4, {
      timing: clocks.timing,
      onToken: () => void times.push(clocks.timing.elapsed()),
    })
    expect(times.map((time) => Math.round(time))).toEqual([0, 5, 195, 385])
  })

  it('starts over with a new challenge when the machine hibernated during an enrollment', async () => {
    const service = await createClientService()
    const clocks = createClocks()
    service.reply = inTurn('/v1/enroll', () => {
      clocks.set(600)
      return new Response(null, { status: 503 })
    })
    await renew(service, 1, { timing: clocks.timing })
    expect(service.requests.filter((request) => request.endsWith('/challenge'))).toHaveLength(2)
  })

  it('sets `due` when the machine has slept past the renewal, so that onToken can end', async () => {
    const service = await createClientService()
    const clocks = createClocks()
    clocks.during = (waits) => {
      if (waits === 1) clocks.set(3600)
    }
    const { seen } = await renew(service, 2, {
      timing: clocks.timing,
      onToken: (_enrolled, { due }) =>
        new Promise((resolve) => {
          if (due.aborted) resolve()
          due.addEventListener('abort', () => resolve())
        }),
    })
    expect(seen).toHaveLength(2)
  })
})

describe('renewEnrollment(), under a role that can’t be renewed', () => {
  it('hands the token on, waits for that, and ends', async () => {
    const service = await createClientService({ role: { reenrollment: 'never' } })
    const steps: string[] = []
    const end = renewEnrollment({
      issuer: ISSUER,
      role: ROLE,
      metadata: service.metadata,
      ...service.reach,
      onToken: async (_, { inSeconds, due }) => {
        await Promise.resolve()
        steps.push(`token, next ${inSeconds}, ${due.aborted ? 'due' : 'not due'}`)
      },
      onFailure: () => void steps.push('failure'),
    }).catch((error: unknown) => {
      steps.push('end')
      throw error
    })
    await expect(end).rejects.toMatchObject({
      code: 'not_renewable',
      message: expect.stringMatching(
        /^the role worker does not let this instance enroll again\nThe token is valid for 300 s/,
      ),
    })
    expect(steps).toEqual(['token, next undefined, not due', 'end'])
    expect(service.timing.waits).toEqual([])
  })

  it('goes on where an older service does not tell', async () => {
    const service = await createClientService()
    service.reply = async (request, real) => {
      const answer = await real()
      if (!request.url.endsWith('/v1/enroll')) return answer
      const { renewable: _, ...older } = (await answer.json()) as { renewable: boolean }
      return Response.json(older)
    }
    expect((await renew(service, 2)).seen).toHaveLength(2)
  })
})

describe('renewEnrollment(), refused later', () => {
  it('asks again up to ten minutes apart, and gets a token when the refusal is lifted', async () => {
    const service = await createClientService()
    const refusal = (): Response =>
      Response.json(
        {
          type: 'about:blank',
          title: 'no',
          status: 403,
          code: 'not_admitted',
          reason: 'already_enrolled',
          request_id: 'r',
        },
        { status: 403, headers: { 'Content-Type': 'application/problem+json' } },
      )
    let refusals = 0
    service.reply = (request) =>
      request.url.endsWith('/v1/enroll') && refusals > 0 && refusals-- > 0 ? refusal() : undefined
    const { seen, failures } = await renew(service, 2, {
      onToken: () => void (refusals = 12),
    })
    expect(seen).toHaveLength(2)
    expect(failures).toHaveLength(12)
    expect(failures.at(-1)?.waitSeconds).toBe(300)
    expect(failures[0]?.error).toMatchObject({ code: 'enrollment_refused' })
  })
})

describe('renewalDelay()', () => {
  it('is two thirds of the lifetime or up to a tenth less, and never nothing', () => {
    expect(renewalDelay(300, 0)).toBe(200)
    expect(renewalDelay(300, 0.9999)).toBeCloseTo(180, 0)
    expect(renewalDelay(0, 0.5)).toBe(1)
  })
})
