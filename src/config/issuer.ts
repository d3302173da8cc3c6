// `ROLLCALL_ISSUER`: the public URL of the service, which stands in tokens, headers and scripts exactly as it is
// written. Messages show only what cannot hold a secret: an origin.

import { checkIssuer } from '../base/issuer.ts'
import { accept, refuse } from '../base/result.ts'
import type { Parsed } from './variable.ts'

const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/
/** Names that are reserved for examples (RFC 6761 sections 6.4 and 6.5) and lead nowhere. */
const PLACEHOLDER = /(?:^|\.)(?:example|invalid)\.?$/

/** Whether an issuer that was accepted can be reached from its own machine only. */
export const isLoopback = (issuer: string): boolean => LOOPBACK.test(new URL(issuer).hostname)

/** Reads an issuer. @returns the text, unchanged; or what to write instead */
export const parseIssuer = (text: string): Parsed<string> => {
  const issuer = checkIssuer(text)
  if (!issuer.ok) return refuse([issuer.refusal])
  const url = new URL(text)
  const shown = JSON.stringify(url.origin)
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    return refuse([`${shown} is not encrypted; use https (http is for localhost only)`])
  }
  if (PLACEHOLDER.test(url.hostname)) {
    return refuse([`${shown} is a placeholder; set the URL at which instances reach this service`])
  }
  return accept(text)
}
