// A table of connection failures. Node gives the cause as a code, Deno as words. Deno's message has
// the URL before the words, so each pattern has a space, which a URL cannot contain.

import type { ClientErrorCode } from './client-error.ts'

/** What a failed connection means. */
export interface ConnectionFailure {
  readonly code: ClientErrorCode
  /** What happened; "it" is the server that was called. */
  readonly detail: string
  /** What to do about it. */
  readonly remedy: string
  /** Whether a retry may succeed. */
  readonly passes: boolean
}

/** Values for the texts of the table. */
interface Told {
  readonly url: URL
  /** This machine's clock, Unix seconds. */
  readonly now: number
}

/** A row. The first row with the code of a failure, or with words of its message, applies. */
interface Row {
  readonly codes: RegExp
  readonly words?: RegExp
  readonly code?: ClientErrorCode
  readonly detail: (told: Told) => string
  readonly remedy: (told: Told) => string
  readonly passes?: false
}

const clockText = ({ now }: Told): string =>
  `this machine's clock says ${new Date(now * 1000).toISOString().slice(0, 19)}Z`

const SET_CLOCK = (): string =>
  'set the clock of this machine by NTP; if the clock is right, the certificate needs to be replaced'

const otherProtocol = ({ url: { protocol } }: Told): string =>
  protocol === 'http:' ? 'is that the port of an https server?' : 'check the address and its port'

const ROWS: readonly Row[] = [
  {
    codes: /^CERT_NOT_YET_VALID$/,
    words: /certificate not valid yet/,
    code: 'certificate_not_current',
    detail: (told) => `its certificate is not valid yet: ${clockText(told)}`,
    remedy: SET_CLOCK,
  },
  {
    codes: /^CERT_HAS_EXPIRED$/,
    words: /certificate expired/,
    code: 'certificate_not_current',
    detail: (told) => `its certificate has expired: ${clockText(told)}`,
    remedy: SET_CLOCK,
  },
  {
    codes: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    words: /certificate not valid for name/,
    code: 'certificate_not_trusted',
    detail: ({ url: { hostname } }) => `its certificate is for another name than ${hostname}`,
    remedy: () => 'check the address, and which server answers there',
    passes: false,
  },
  {
    codes:
      /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH)/,
    words: /invalid peer certificate/,
    code: 'certificate_not_trusted',
    detail: () => 'its certificate is not trusted',
    remedy: () =>
      'for a CA of your own, name the file of its certificate in NODE_EXTRA_CA_CERTS or DENO_CERT',
    passes: false,
  },
  {
    codes:
      /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE)$/,
    words: /wrong version number|corrupt message of type InvalidContentType/,
    code: 'not_https',
    detail: () => 'it does not speak TLS',
    remedy: () => 'check the port: the address is https, and a server without TLS listens there',
    passes: false,
  },
  {
    codes: /^(?:ERR_SSL_|ERR_TLS_|EPROTO$)/,
    words: /received fatal alert/,
    detail: () => 'the TLS handshake failed',
    remedy: () => 'check the TLS settings of the server: name, versions, certificate',
  },
  {
    codes: /^HPE_/,
    words: /invalid HTTP version parsed|does not match the HTTP\/1\.1 protocol/,
    detail: () => 'it does not answer with HTTP',
    remedy: otherProtocol,
  },
  {
    codes: /^ENOTFOUND$/,
    words: /Name or service not known|nodename nor servname|No address associated/,
    detail: ({ url: { hostname } }) => `DNS has no address for ${hostname}`,
    remedy: () => 'check the name, and which DNS server this machine asks',
  },
  {
    codes: /^EAI_/,
    words: /failed to lookup address/,
    detail: ({ url: { hostname } }) => `DNS does not answer for ${hostname}`,
    remedy: () => 'check the network and the DNS server of this machine',
  },
  {
    codes: /^ECONNREFUSED$/,
    words: /Connection refused/,
    detail: () => 'the connection was refused',
    remedy: () => 'is it running, and on this port?',
  },
  {
    codes: /^(?:EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL)$/,
    words: /No route to host|Network is unreachable/,
    detail: () => 'this machine has no route to it',
    remedy: () => 'check the network: route, security group, firewall',
  },
  {
    codes: /^(?:ETIMEDOUT|UND_ERR_(?:CONNECT|HEADERS|BODY)_TIMEOUT)$/,
    words: /timed out/,
    detail: () => 'it did not answer in time',
    remedy: () => 'check the network: route, security group, firewall',
  },
  {
    codes: /^(?:EACCES|EPERM)$/,
    words: /Operation not permitted|Permission denied|Requires net access/,
    detail: () => 'this machine does not allow the connection',
    remedy: () => 'check its firewall and the permission --allow-net',
    passes: false,
  },
  {
    codes: /^(?:ECONNRESET|EPIPE|UND_ERR_SOCKET)$/,
    words: /other side closed|Connection reset|connection closed before|handshake eof|Broken pipe/,
    detail: () => 'it closed the connection without an answer',
    remedy: otherProtocol,
  },
  {
    codes: /^$/,
    words: /bad port|Requests to port \d+ are blocked/,
    detail: ({ url: { port } }) => `fetch blocks port ${port}`,
    remedy: () => 'let the service listen on another port',
    passes: false,
  },
]

/**
 * What a failed connection means.
 * @param code of the error, if it has one
 * @param words the messages of the error and of its causes
 */
export const connectionFailure = (
  code: string | undefined,
  words: string,
  told: Told,
): ConnectionFailure => {
  const row =
    ROWS.find(({ codes }) => code !== undefined && codes.test(code)) ??
    ROWS.find((it) => it.words?.test(words))
  const shown = code === undefined ? '' : ` (${code})`
  if (row === undefined) {
    return {
      code: 'unreachable',
      detail: `the connection failed${shown}`,
      remedy: 'is it running, and may this machine reach it?',
      passes: true,
    }
  }
  return {
    code: row.code ?? 'unreachable',
    detail: row.detail(told) + shown,
    remedy: row.remedy(told),
    passes: row.passes ?? true,
  }
}
