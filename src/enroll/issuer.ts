// The service's name: an origin, written as it is parsed. The addresses in tokens, in discovery and in the
// clients are the issuer with a path behind it, so the service is at the root of its host. Pure.

/** Hosts of which no character means anything in a header, in JSON or to a shell. */
const PLAIN_HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:]+\])$/

/** What is wrong with an issuer, and what to do; `undefined` if it is good. */
export const issuerProblem = (text: string): string | undefined => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return 'is not an http or https URL; write https://HOST or https://HOST:PORT'
  }
  if (url.origin === text) {
    return PLAIN_HOST.test(url.hostname)
      ? undefined
      : 'has a host with characters outside a-z 0-9 . _ -'
  }
  if (`${url.origin}/` === text) return 'has a trailing slash; remove it'
  return `is not the origin alone, in lower case and without a default port; write ${url.origin}`
}
