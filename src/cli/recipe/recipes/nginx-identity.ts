// What both recipes of nginx do with an identity: they take it from the answer of auth_request, and pass it on to the
// service with nothing that a client could have written in its place.

import type { RecipeValues } from '../form.ts'
import { IDENTITY } from './proxy-secret.ts'

/** Headers with which a proxy names a request of its client; the service gets none that the client wrote. */
export const BLANK = [
  'Forwarded',
  'X-Forwarded-Method',
  'X-Forwarded-Uri',
  'X-Forwarded-Port',
  'X-Forwarded-Prefix',
  'X-Forwarded-Server',
  'X-Forwarded-Scheme',
  'X-Forwarded-Ssl',
  'X-Original-Url',
  'X-Original-Uri',
  'X-Original-Method',
  'X-Original-Host',
  'X-Rewrite-Url',
  'X-HTTP-Method',
  'X-HTTP-Method-Override',
  'X-Method-Override',
]

/** Keeps the identity in variables. @param answer prefix of the variables with the headers of the answer */
export const takeIdentity = (answer: 'sent_http' | 'upstream_http'): string =>
  IDENTITY.map((name) => name.toLowerCase())
    .map((name) => `  auth_request_set $rollcall_${name} $${answer}_x_rollcall_${name};`)
    .join('\n')

const identity = IDENTITY.map(
  (name) => `    proxy_set_header X-Rollcall-${name} $rollcall_${name.toLowerCase()};`,
).join('\n')

const blanks = BLANK.map((name) => `    proxy_set_header ${name} "";`).join('\n')

/** The location of the service. @param end a comment on what is not passed on */
export const passOn = (
  { upstream, host }: RecipeValues<'host' | 'upstream'>,
  end: string,
): string =>
  `  location / {
    proxy_pass http://${upstream};

    # The identity, in place of headers of these names that a client sends.
${identity}
    proxy_set_header X-Rollcall-Proxy "";

    # ${end}
    proxy_set_header Authorization "";
    proxy_set_header DPoP "";

    # What only a proxy may say.
    proxy_set_header Host ${host};
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host ${host};
    proxy_set_header X-Real-IP $remote_addr;
${blanks}
  }`
