// Programs that fetch the keys of an issuer over https only: a file with another issuer would stop them at their start.

import { usageError } from '../../command-error.ts'
import type { RecipeDemands } from '../form.ts'

/** The issuer, which begins with https. @throws CommandError for one of this machine that begins with http */
export const requireHttps = ({ issuer }: RecipeDemands, program: string): string => {
  if (issuer.startsWith('https:')) return issuer
  throw usageError(
    `--issuer: ${JSON.stringify(issuer)}: ${program} fetches keys over https only; expected https://HOST`,
  )
}
