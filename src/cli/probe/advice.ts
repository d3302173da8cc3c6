// What to do if a door does not admit a good token.

/** What to check if the door may demand something that the good token does not have. */
export const CHECK_DEMANDS = 'check which issuer, audience and role the door demands'

/**
 * Says what to do about the status with which a door answered a good token.
 * @param url the address of the door
 * @param known what to do if the door looked at the token
 */
export const adviceFor = (status: number, url: string, known: string): string => {
  const isPlain = url.startsWith('http:')
  if (status >= 300 && status < 400) {
    return isPlain
      ? 'the door redirects: probe its https address'
      : 'the door redirects: probe the address that it leads to, since no token follows a redirect'
  }
  if (status === 400 && isPlain) {
    return `a port that expects TLS answers so: try https; else ${known}`
  }
  if (status === 404 || status === 405) return 'check the path of URL and --method'
  if (status >= 500) return 'look at the log of the door'
  return known
}
