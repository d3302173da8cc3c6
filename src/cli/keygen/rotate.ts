// `rollcall keygen --rotate FILE`: takes the next step of a rotation, in the one order that is safe.

import { ConfigurationError } from '../../base/errors.ts'
import { generateSigningKeys } from '../../token/generate.ts'
import type { TokenAlgorithm } from '../../token/algorithms.ts'
import { parseSigningKeys } from '../../token/signing-keys.ts'
import { CommandError, usageError } from '../command-error.ts'
import { say } from '../say.ts'
import { readNamedFile, requireFile } from '../named-file.ts'
import { print, printJson, timeText } from '../output.ts'
import { cannotWrite, changeSecret } from '../secret-file.ts'
import {
  type RotatedKey,
  type RotationPlan,
  type RotationStep,
  nextAfter,
  planRotation,
  rotated,
} from '../../token/rotation.ts'

/** How to rotate. */
export interface RotateOptions {
  readonly rotate: string
  /** The step that the caller expects. Default: the next one. */
  readonly step?: RotationStep
  /** Take the step too early. */
  readonly early?: true
  /** Algorithm of a new key. Default: the algorithm of the key that signs. */
  readonly algorithm?: TokenAlgorithm['alg']
  readonly json?: true
}

const DONE: Readonly<Record<RotationStep, (kid: string) => string>> = {
  stage: (kid) => `staged: a new key ${kid} was added after the key that signs`,
  promote: (kid) => `promoted: ${kid} signs now; the old key follows it`,
  remove: (kid) => `removed: the old key ${kid}`,
}

const NEXT: Readonly<Record<RotationStep, string>> = {
  stage: 'give the file to every instance of the service now, so that all publish the new key',
  promote: 'give the file to every instance of the service now, so that all sign with the new key',
  remove: 'give the file to every instance of the service; the rotation is complete',
}

const TOO_EARLY: Readonly<Record<RotationStep, string>> = {
  stage: '',
  promote: 'a relying party rejects tokens of a key that it has not fetched yet',
  remove: 'tokens and challenges of the old key may still be valid',
}

const checkTime = ({ step, notBefore }: RotationPlan, now: number, early: boolean): void => {
  if (now >= notBefore) return
  const when = `not before ${timeText(notBefore)}, in ${notBefore - now} s`
  if (!early) {
    throw usageError(
      `too early to ${step}: ${when}; ${TOO_EARLY[step]}. Nothing was changed; to do it anyway, add --early`,
    )
  }
  say(`warning: taken early (${when}): ${TOO_EARLY[step]}`)
}

const parse = async (text: string, file: string): Promise<readonly RotatedKey[]> => {
  try {
    const { jwks } = await parseSigningKeys(text)
    const { keys } = JSON.parse(text) as { keys: RotatedKey[] }
    return keys.map((key, at) => ({ ...key, kid: jwks.keys[at]?.kid as string }))
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const problems = error.problems.map((problem) => `  - ${problem}`).join('\n')
    throw usageError(`--rotate: ${file} is not a private JWKS:\n${problems}`)
  }
}

/** Members of keys that sign for somebody else than a service. */
const OF_OTHERS = ['name', 'scope', 'audiences', 'instance_id', 'serial_number']

/** @throws CommandError for the key of an operator, a relying party or an instance: it has no rotation */
const requireOfService = (keys: readonly object[], file: string): void => {
  const member = OF_OTHERS.find((one) => keys.some((key) => one in key))
  if (member === undefined) return
  throw usageError(
    `--rotate: ${file} is the key of an operator, a relying party or an instance (it has "${member}"); ` +
      "name the file of a service's keys",
  )
}

/** Takes the next step, in place. @throws CommandError, and the file is as it was */
export const rotate = async (options: RotateOptions): Promise<void> => {
  const { rotate: file, step: wanted, early = false, json } = options
  let done: { plan: RotationPlan; keys: readonly RotatedKey[]; kid: string } | undefined
  const now = Math.floor(Date.now() / 1000)

  const read = async (path: string): Promise<readonly RotatedKey[]> => {
    const keys = await parse(await readNamedFile(path, '--rotate'), file)
    requireOfService(keys, file)
    return keys
  }
  const change = async (path: string): Promise<string> => {
    const keys = await read(path)
    const planned = planRotation(keys, wanted)
    if (!planned.ok) throw usageError(`--rotate: ${planned.refusal}`)
    const plan = planned.value
    checkTime(plan, now, early)
    const { algorithm = keys[0]?.alg as TokenAlgorithm['alg'] | undefined } = options
    const made = (await generateSigningKeys(algorithm ?? 'ES256')).keys[0] as RotatedKey
    const changed = rotated(keys, plan, made, now)
    const text = JSON.stringify({ keys: changed })
    // Loads the new set before the file is written: it could hold only the public half of a key.
    await parse(text, file)
    done = { plan, keys: changed, kid: (plan.key ?? made).kid as string }
    return `${text}\n`
  }
  requireFile(file, '--rotate')
  // This finds a wrong file before anything is put beside it. `changeSecret()` reads it again under its lock.
  await read(file)
  try {
    await changeSecret(file, change)
  } catch (error) {
    throw error instanceof CommandError ? error : cannotWrite(error, file, '--rotate')
  }
  if (done === undefined) return
  const { plan, keys, kid } = done
  const next = nextAfter(plan.step, now)
  if (json) {
    const states = keys.map((key, at) => ({
      kid: key.kid,
      alg: key.alg,
      state: at === 0 ? 'signing' : key.rotation?.state,
    }))
    const after = next && { step: next.step, not_before: next.notBefore }
    printJson({ file, step: plan.step, kid, keys: states, next: after })
    return
  }
  print(DONE[plan.step](kid), `next: ${NEXT[plan.step]}`)
  if (next !== undefined) {
    // The file does not show when the last instance restarted, and the wait counts from then.
    const minutes = Math.ceil((next.notBefore - now) / 60)
    print(
      `then: wait ${minutes} minutes from the last restart, and run this again to ${next.step} (not before ${timeText(next.notBefore)})`,
    )
  }
}
