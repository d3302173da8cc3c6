// Paths of items, as people and programs write them: not encoded. They are percent-encoded when they are sent.

/** The folder of tags. A key may hold slashes, so what stands behind is one key and never a folder. */
export const TAGS_FOLDER = 'meta-data/tags/instance/'

/** What can't lead anywhere but below its folder. No query, fragment, encoding, mark-up or control character. */
const NAME = /^(?!\.{1,2}$)[^\p{C}\p{Zl}\p{Zp}/\\?#%<>"]{1,128}$/u
/** A tag's key: any text without control characters. Those are the limits of ECS. */
const TAG_KEY = /^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u
/** A part of a key that some servers would take for a way out of the folder. */
const DOTS = /(?:^|[/\\])\.{1,2}(?:$|[/\\])/
const MAX_SEGMENTS = 12

/** Whether a text can be the name of something in a folder (below the version, with its slash). */
export const isName = (folder: string, text: string): boolean =>
  folder === TAGS_FOLDER ? TAG_KEY.test(text) && !DOTS.test(text) : NAME.test(text)

/** Whether a path without a slash at its end leads below the version and nowhere else. */
const isPath = (path: string): boolean => {
  if (path.startsWith(TAGS_FOLDER)) return isName(TAGS_FOLDER, path.slice(TAGS_FOLDER.length))
  const segments = path.split('/')
  return segments.length <= MAX_SEGMENTS && segments.every((name) => NAME.test(name))
}

/**
 * The path below the version. Both `meta-data/mac` and what the documentation writes
 * (`/latest/meta-data/mac`, `/meta-data/mac`) are taken; a slash at the end stays.
 * @throws RangeError for anything that is not a plain path
 */
export const readPath = (text: string): string => {
  const path = text.replace(/^\//, '').replace(/^(?:latest|2016-01-01)(?:\/|$)/, '')
  if (path === '' || isPath(path.replace(/\/$/, ''))) return path
  throw new RangeError(
    `path: expected names and slashes, as in meta-data/mac, got ${JSON.stringify(text.slice(0, 100))}`,
  )
}

/** Encodes one name; what RFC 3986 (section 3.3) allows in a segment stays as it is, such as a MAC's colons. */
const encodeName = (name: string): string =>
  encodeURI(name).replaceAll(/[?#/]/g, encodeURIComponent)

/** Percent-encodes a path of {@link readPath}, for a URL. A slash in a tag's key becomes `%2F`. */
export const encodePath = (path: string): string => {
  const key = path.startsWith(TAGS_FOLDER) ? path.slice(TAGS_FOLDER.length).replace(/\/$/, '') : ''
  return key === '' ? path.split('/').map(encodeName).join('/') : `${TAGS_FOLDER}${encodeName(key)}`
}

const parseUrl = (text: string): URL | undefined => {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

const shown = ({ protocol, host, pathname }: URL): string => `${protocol}//${host}${pathname}`

/**
 * The base URL without slashes at its end.
 * @param name what the text is called in messages. Default: `baseUrl`
 * @throws RangeError unless it is a plain http(s) URL without a version at its end
 */
export const readBaseUrl = (text: string, name = 'baseUrl'): string => {
  const url = parseUrl(text)
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new RangeError(`${name}: expected http://HOST, got ${JSON.stringify(text.slice(0, 100))}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new RangeError(`${name}: ${shown(url)} has a user name or a password; remove them`)
  }
  if (url.search !== '' || url.hash !== '') {
    throw new RangeError(`${name}: ${shown(url)} has a query or a fragment; remove it`)
  }
  const plain = shown(url).replace(/\/+$/, '')
  // The client writes the version itself, and would ask for /latest/latest/api/token: 404, whatever answers.
  const [, base, rest] = /^(.*?)\/((?:latest|2016-01-01)(?:\/.*)?)$/.exec(plain) ?? []
  if (rest === undefined) return plain
  throw new RangeError(`${name}: ${plain} has a version in it; remove /${rest}: ${base}`)
}
