// Bodies of `multipart/form-data` as clients send them, and odd ones, each with what every runtime must make
// of it: the role that the challenge is made for, or a refusal.

/** The boundary of all bodies here. */
export const BOUNDARY = 'b'

/** One body. */
export interface MultipartShape {
  readonly what: string
  readonly body: string
  /** Default: {@link BOUNDARY}, bare. */
  readonly contentType?: string
  /** What is read; absent: 400. */
  readonly role?: string
}

const part = (headers: string, value = 'worker'): string =>
  `--b\r\n${headers}\r\n\r\n${value}\r\n--b--\r\n`
const disposition = (parameters: string): string =>
  part(`Content-Disposition: form-data; ${parameters}`)
const GOOD = disposition('name="role"')
const TYPE = 'multipart/form-data; boundary='

const taken = (what: string, body: string, contentType?: string): MultipartShape => ({
  what,
  body,
  role: 'worker',
  ...(contentType !== undefined && { contentType }),
})
const refused = (what: string, body: string, contentType?: string): MultipartShape => ({
  what,
  body,
  ...(contentType !== undefined && { contentType }),
})

export const MULTIPART_SHAPES: readonly MultipartShape[] = [
  taken('a quoted name', GOOD),
  taken('a name without quotation marks (.NET)', disposition('name=role')),
  taken('a parameter in capitals', disposition('Name="role"')),
  taken('a disposition in capitals', part('Content-Disposition: Form-Data; name="role"')),
  taken('a header in lower case', part('content-disposition: form-data; name="role"')),
  taken('a file', disposition('name="role"; filename="r"')),
  taken('filename* as well (.NET)', disposition(`name=role; filename=r; filename*=utf-8''r`)),
  taken('filename before name', disposition('filename="r"; name="role"')),
  taken('no space after the semicolon', part('Content-Disposition:form-data;name="role"')),
  taken(
    'a part with its type',
    part('Content-Disposition: form-data; name="role"\r\nContent-Type: text/plain'),
  ),
  taken(
    'a part with its length (okhttp)',
    part('Content-Disposition: form-data; name="role"\r\nContent-Length: 6'),
  ),
  taken(
    'a transfer encoding of 8bit',
    part('Content-Disposition: form-data; name="role"\r\nContent-Transfer-Encoding: 8bit'),
  ),
  taken('a preamble', `to be ignored\r\n${GOOD}`),
  taken('an epilogue', `${GOOD}to be ignored`),
  taken('no line end after the last boundary', GOOD.slice(0, -2)),
  taken('a quoted boundary', GOOD, `${TYPE}"b"`),
  taken('a boundary with a space in it', GOOD.replaceAll('--b', '--b c'), `${TYPE}"b c"`),
  taken('a charset of UTF-8', GOOD, `${TYPE}b; charset=utf-8`),
  refused('name*', disposition(`name*=utf-8''role`)),
  refused('name and name*', disposition(`name="role"; name*=utf-8''role`)),
  refused('two names', disposition('name="x"; name="role"')),
  refused('no name', disposition('filename="role"')),
  refused('an escape in the name', disposition(String.raw`name="ro\"le"`)),
  refused('a backslash in the file name', disposition(String.raw`name="role"; filename="C:\r"`)),
  refused('another disposition', part('Content-Disposition: attachment; name="role"')),
  refused('no disposition', part('Content-Type: text/plain')),
  refused('no headers', '--b\r\n\r\nworker\r\n--b--\r\n'),
  refused(
    'two dispositions',
    part('Content-Disposition: form-data; name="role"\r\nContent-Disposition: form-data; name="x"'),
  ),
  refused(
    'a repeated header',
    part('Content-Disposition: form-data; name="role"\r\nX-A: 1\r\nx-a: 2'),
  ),
  refused('a folded header', part('Content-Disposition: form-data;\r\n name="role"')),
  refused(
    'a transfer encoding of base64',
    part(
      'Content-Disposition: form-data; name="role"\r\nContent-Transfer-Encoding: base64',
      'd29ya2Vy',
    ),
  ),
  refused('LF for line ends', GOOD.replaceAll('\r\n', '\n')),
  refused('LF in the headers', part('Content-Disposition: form-data; name="role"\nX-A: 1')),
  refused('white space behind the boundary', GOOD.replace('--b\r\n', '--b \r\n')),
  refused('white space behind the last boundary', GOOD.replace('--b--', '--b-- ')),
  refused(
    'a line that begins like the boundary',
    `--b\r\nContent-Disposition: form-data; name="role"\r\n\r\nworker\r\n--bc\r\n--b--\r\n`,
  ),
  refused('no last boundary', GOOD.slice(0, -8)),
  refused(
    'a BOM before the value',
    part('Content-Disposition: form-data; name="role"', '\ufeffworker'),
  ),
  refused('a field twice', GOOD.slice(0, -7) + GOOD.slice(0)),
  refused('no boundary parameter', GOOD, 'multipart/form-data'),
  refused('two boundary parameters', GOOD, `${TYPE}b; boundary=b`),
  refused('an empty boundary', GOOD, `${TYPE}""`),
  refused(
    'a boundary of 71 characters',
    GOOD.replaceAll('--b', `--${'b'.repeat(71)}`),
    TYPE + 'b'.repeat(71),
  ),
  refused('a boundary that ends with a space', GOOD.replaceAll('--b', '--b '), `${TYPE}"b "`),
  refused('nothing at all', ''),
]

/** A request that posts a body to `/v1/challenge`, byte for byte. */
export const challengeRequest = ({ body, contentType }: MultipartShape): string => {
  const bytes = Buffer.byteLength(body)
  return [
    'POST /v1/challenge HTTP/1.1',
    'Host: 127.0.0.1',
    `Content-Type: ${contentType ?? TYPE + BOUNDARY}`,
    `Content-Length: ${bytes}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}
