// Issuers that a program cannot use: its file would stop it at its start, or it would refuse every token.

import { usageError } from '../../command-error.ts'
import { isIp } from '../address.ts'
import type { RecipeDemands } from '../form.ts'

/** The host of an issuer, an IPv6 address without brackets. */
export const hostOfIssuer = ({ issuer }: RecipeDemands): string =>
  new URL(issuer).hostname.replace(/^\[|\]$/g, '')

/** The issuer, which begins with https. @throws CommandError for one of this machine that begins with http */
export const requireHttps = ({ issuer }: RecipeDemands, program: string): string => {
  if (issuer.startsWith('https:')) return issuer
  throw usageError(
    `--issuer: "${issuer}": ${program} fetches keys over https only; expected https://HOST`,
  )
}

/** The issuer. @throws CommandError for https with an IP address: nginx compares certificates with names only */
export const requireNamed = (demands: RecipeDemands): string => {
  const { issuer } = demands
  if (!issuer.startsWith('https:') || !isIp(hostOfIssuer(demands))) return issuer
  throw usageError(
    `--issuer: "${issuer}": nginx cannot check the certificate of an IP address; expected https://NAME`,
  )
}
