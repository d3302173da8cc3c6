// `multipart/form-data` (RFC 7578), read strictly. The platforms' readers drop a byte order mark,
// replace broken UTF-8, undo base64 and differ from one another, so that one request would have
// different fields here and in front of here. No I/O.

/** A part's headers that are known; the encoding may only say that there is none. */
const HEADERS =
  /^(?:content-disposition|content-type|content-transfer-encoding: *(?:7bit|8bit|binary)$)/i
const DISPOSITION = /^content-disposition: */i

const FILE = String.raw`(?:; *filename\*?=(?:"[^"]*"|[^";]*))?`
const FORM_DATA = new RegExp(`^form-data${FILE}; *name=(?:"([^"]*)"|([\\w-]+))${FILE}$`, 'i')

const BOUNDARY = /^boundary=(?:"([\w'()+,./:=? -]{1,70})"|([\w'+./-]{1,70}))$/i

/** The boundary that the content type's parameters name; `undefined` unless exactly one does. */
export const boundaryOf = (parameters: readonly string[]): string | undefined => {
  const [boundary, ...more] = parameters.filter((parameter) => /^boundary=/i.test(parameter))
  const [, quoted, plain] = BOUNDARY.exec(boundary ?? '') ?? []
  return more.length > 0 ? undefined : (quoted ?? plain)
}

const readPart = (part: string): readonly [name: string, value: string] | undefined => {
  const end = part.indexOf('\r\n\r\n')
  // Behind the boundary stands a line end, and nothing else.
  if (end < 0 || !part.startsWith('\r\n')) return undefined
  const headers = part.slice(2, end).split('\r\n')
  const [disposition, ...more] = headers.filter((header) => DISPOSITION.test(header))
  if (more.length > 0 || !headers.every((header) => HEADERS.test(header))) return undefined
  const [, quoted, plain] = FORM_DATA.exec(disposition?.replace(DISPOSITION, '') ?? '') ?? []
  const name = quoted ?? plain
  return name === undefined ? undefined : [name, part.slice(end + 4)]
}

/**
 * Splits a form into its fields; parts may be files, as `curl -F name=@file` sends them.
 * @returns `undefined` if the text is no such form
 */
export const readMultipart = (
  text: string,
  boundary: string,
): (readonly [name: string, value: string])[] | undefined => {
  const [before, ...parts] = `\r\n${text}`.split(`\r\n--${boundary}`)
  const after = parts.pop()
  if (before !== '' || (after !== '--' && after !== '--\r\n')) return undefined
  const fields = parts.map(readPart)
  return fields.every((field) => field !== undefined) ? fields : undefined
}
