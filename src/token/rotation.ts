// The steps by which signing keys are changed without a token ever being refused: a new key is staged
// behind the one that signs, promoted once everybody has it, and the old one removed once everything that
// it signed has expired. Each key but the first carries a mark that says which step it is at. Pure.

import { type Result, accept, refuse } from '../base/result.ts'
import { MAX_TOKEN_LIFETIME_SECONDS } from '../policy/policy.ts'
import type { generateSigningKeys } from './generate.ts'

/** A key of a set. */
type Jwk = Awaited<ReturnType<typeof generateSigningKeys>>['keys'][number]

/** What a rotation does next. */
export type RotationStep = 'stage' | 'promote' | 'remove'

export const ROTATION_STEPS: readonly RotationStep[] = ['stage', 'promote', 'remove']

/** The mark of a key that doesn't sign: since when (Unix seconds) it is what. */
interface RotationMark {
  readonly state: 'staged' | 'retired'
  readonly since: number
}

/** A private or public key of the set, with the mark that only this command reads. */
export type RotatedKey = Jwk & { readonly rotation?: RotationMark }

/** Relying parties may keep our keys for 300 s; the rest is for the service itself to get the file. */
const STAGED_SECONDS = 600

/** The longest token or challenge that the old key made, and the same 600 s for the service. */
const RETIRED_SECONDS: number = MAX_TOKEN_LIFETIME_SECONDS + STAGED_SECONDS

const WAIT_SECONDS: Readonly<Record<RotationStep, number>> = {
  stage: 0,
  promote: STAGED_SECONDS,
  remove: RETIRED_SECONDS,
}

/** What comes next, of which key. */
export interface RotationPlan {
  readonly step: RotationStep
  /** The key to promote or to remove. */
  readonly key?: RotatedKey
  /** Unix seconds: too early before. */
  readonly notBefore: number
}

const isMark = (mark: unknown): mark is RotationMark => {
  const { state, since } = (mark ?? {}) as Partial<RotationMark>
  return (state === 'staged' || state === 'retired') && Number.isSafeInteger(since)
}

/** Plans for keys without a mark, which other hands put there: the caller has to say what they are. */
const planUnmarked = (
  keys: readonly RotatedKey[],
  wanted: RotationStep | undefined,
): Result<RotationPlan, string> => {
  const [, key, ...more] = keys
  if (wanted === undefined) {
    return refuse(
      'a key after the first has no mark of this command, so its age is unknown; say what to do with --step',
    )
  }
  if (wanted === 'stage') return accept({ step: wanted, notBefore: 0 })
  if (key === undefined || more.length > 0) {
    return refuse(
      'several keys follow the first, and some have no mark of this command; edit the file by hand',
    )
  }
  return accept({ step: wanted, key, notBefore: 0 })
}

/**
 * Says what comes next.
 * @param keys all of the set, the signing one first
 * @param wanted the step that the caller means to take
 * @returns the plan; a refusal says why there is none, for the person who runs the command
 */
export const planRotation = (
  keys: readonly RotatedKey[],
  wanted?: RotationStep,
): Result<RotationPlan, string> => {
  const [first, ...others] = keys
  if (first?.rotation !== undefined) {
    return refuse(
      'the first key signs, but its mark says that it does not. Restore the order of the keys, or remove "rotation" from that key',
    )
  }
  if (others.some(({ rotation }) => !isMark(rotation))) return planUnmarked(keys, wanted)
  const find = (state: RotationMark['state']): RotatedKey | undefined =>
    others.find(({ rotation }) => rotation?.state === state)
  const staged = find('staged')
  const key = staged ?? find('retired')
  const step = staged !== undefined ? 'promote' : key !== undefined ? 'remove' : 'stage'
  if (wanted !== undefined && wanted !== step) {
    return refuse(`the next step is to ${step}, not to ${wanted}; nothing was changed`)
  }
  if (key === undefined) return accept({ step, notBefore: 0 })
  return accept({ step, key, notBefore: (key.rotation?.since ?? 0) + WAIT_SECONDS[step] })
}

const unmarked = (key: RotatedKey): RotatedKey =>
  Object.fromEntries(Object.entries(key).filter(([name]) => name !== 'rotation'))

/** The set after the step. @param made the new key, for `stage`. @param now Unix seconds */
export const rotated = (
  keys: readonly RotatedKey[],
  { step, key }: RotationPlan,
  made: Jwk,
  now: number,
): readonly RotatedKey[] => {
  const marked = (of: RotatedKey, state: RotationMark['state']): RotatedKey => ({
    ...of,
    rotation: { state, since: now },
  })
  const others = keys.slice(1).filter((other) => other !== key)
  const first = keys[0] as RotatedKey
  if (step === 'stage') return [...keys, marked(made, 'staged')]
  if (step === 'remove') return [first, ...others]
  return [unmarked(key as RotatedKey), marked(first, 'retired'), ...others]
}

/** When the step after this one may be taken. @param now Unix seconds */
export const nextAfter = (
  step: RotationStep,
  now: number,
): { readonly step: RotationStep; readonly notBefore: number } | undefined => {
  if (step === 'remove') return undefined
  const next = step === 'stage' ? 'promote' : 'remove'
  return { step: next, notBefore: now + WAIT_SECONDS[next] }
}
