// The bound token of this instance: the one that was kept, as long as it can be exchanged, else the one of a new
// enrollment. Several processes may want it at once; one of them enrolls.

import { dirname } from 'node:path'
import { type EnrollOptions, type TokenToProve, enrollInstance } from '../../client/index.ts'
import type { Timing } from '../../base/timing.ts'
import type { Cleanup } from '../cleanup.ts'
import { withLock } from '../file-lock.ts'
import { warnOfFile, warnOfFolder } from '../open-to-others.ts'
import { say } from '../say.ts'
import {
  type KeptToken,
  type TokenPlace,
  type TokenPurpose,
  isUsable,
  keepToken,
  makeFolderOf,
  readKeptToken,
  toProve,
} from './kept-token.ts'

/** What is needed to get the token. */
export interface BoundTokenOptions {
  /** The file that keeps the token. */
  readonly place: TokenPlace
  readonly purpose: TokenPurpose
  /** With the key. */
  readonly enrollment: EnrollOptions
  readonly timing: Timing
  readonly cleanup: Cleanup
}

/** The token, to be exchanged. */
export interface BoundToken extends TokenToProve {
  /** Whether this process enrolled for it. */
  readonly isNew: boolean
}

const isUsed = (
  kept: KeptToken | undefined,
  refused: string | undefined,
  { timing }: BoundTokenOptions,
): kept is KeptToken =>
  kept !== undefined && kept.accessToken !== refused && isUsable(kept, timing.now())

/** Others cannot use the token without the key, but they can keep this instance from using it. */
const warnOfOthers = (path: string, isKept: boolean): void => {
  try {
    warnOfFolder(dirname(path))
    // Any other file is replaced by one of mode 0600.
    if (isKept) warnOfFile(path)
  } catch {
    // A file that cannot be looked at cannot be read either, which is said then.
  }
}

const keep = ({ place, purpose }: BoundTokenOptions, token: KeptToken): void => {
  try {
    keepToken(place, purpose, token)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code ?? message
    say(`warning: cannot keep the token in ${place.path} (${why}); the next run enrolls again`)
  }
}

const enroll = async (options: BoundTokenOptions): Promise<BoundToken> => {
  const { timing, enrollment } = options
  const { accessToken, askedAt, renewable } = await enrollInstance(enrollment)
  const age = timing.elapsed() - askedAt
  keep(options, { accessToken, renewable, askedAt: timing.now() - age })
  return { accessToken, askedAt, isNew: true }
}

/**
 * Gets the token.
 * @param refused a token that the service refused to exchange; it is not used
 * @throws ClientError of an enrollment
 * @throws CommandError if the user named a file that holds something else
 */
export const getBoundToken = async (
  options: BoundTokenOptions,
  refused?: string,
): Promise<BoundToken> => {
  const { place, purpose, timing, cleanup } = options
  const { path } = place
  const kept = (): BoundToken | undefined => {
    const found = readKeptToken(place, purpose)
    return isUsed(found, refused, options) ? { ...toProve(found, timing), isNew: false } : undefined
  }
  const known = kept()
  if (refused === undefined) warnOfOthers(path, known !== undefined)
  if (known !== undefined) return known
  const onWait = (): void => say(`another process enrolls; waiting for its token in ${path}`)
  const onOtherFile = (lock: string): void =>
    say(`warning: ${lock} is no lock of rollcall; processes that run at once may all enroll`)
  try {
    // The lock is in this folder too.
    makeFolderOf(path)
  } catch {
    // The warning comes when the token cannot be kept.
  }
  return withLock(path, { cleanup, onWait, onOtherFile }, async () => {
    const made = kept()
    if (made !== undefined) return made
    try {
      return await enroll(options)
    } catch (error) {
      // Under "never" a second enrollment is refused. If another process had the first, its token is there.
      const other = kept()
      if (other === undefined) throw error
      return other
    }
  })
}
