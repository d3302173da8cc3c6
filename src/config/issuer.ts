// `ROLLCALL_ISSUER`: the public URL of the service, which tokens, headers and scripts contain exactly as it is
// written. Messages show its origin alone, because the rest of a URL can hold a secret.

import { checkIssuer, isLoopback } from '../base/issuer.ts'
import { accept, refuse } from '../base/result.ts'
import type { Parsed } from './variable.ts'

/** Names that are reserved for examples (RFC 6761 sections 6.4 and 6.5) and lead nowhere. */
const PLACEHOLDER = /(?:^|\.)(?:example|invalid)\.?$/

/** Reads an issuer. @returns the text, unchanged; or what to write instead */
export const parseIssuer = (text: string): Parsed<string> => {
  const issuer = checkIssuer(text)
  if (!issuer.ok) return refuse([issuer.refusal])
  const url = new URL(text)
  const shown = JSON.stringify(url.origin)
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return refuse([`${shown} is not encrypted; use https (http is for localhost only)`])
  }
  if (PLACEHOLDER.test(url.hostname)) {
    return refuse([`${shown} is a placeholder; set the URL at which instances reach this service`])
  }
  return accept(text)
}
