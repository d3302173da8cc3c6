// Paths of items, as people and programs write them: not encoded. They are percent-encoded when they are sent.

/**
 * The folder of tags. A key may contain slashes, so the rest of the path is one key and never a
 * folder.
 */
export const TAGS_FOLDER = 'meta-data/tags/instance/'

/**
 * A name that stays in its folder: it has no characters of a query, a fragment, an encoding or
 * mark-up, and no control characters.
 */
const NAME = /^(?!\.{1,2}$)[^\p{C}\p{Zl}\p{Zp}/\\?#%<>"]{1,128}$/u
/** A tag's key: any text without control characters. Those are the limits of ECS. */
const TAG_KEY = /^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u
/** A part of a key that some servers would read as the parent folder. */
const DOTS = /(?:^|[/\\])\.{1,2}(?:$|[/\\])/
const MAX_SEGMENTS = 12

/** Whether a text can be the name of something in a folder (below the version, with its slash). */
export const isName = (folder: string, text: string): boolean =>
  folder === TAGS_FOLDER ? TAG_KEY.test(text) && !DOTS.test(text) : NAME.test(text)

/** Whether a path without a slash at its end stays below the version. */
const isPath = (path: string): boolean => {
  if (path.startsWith(TAGS_FOLDER)) return isName(TAGS_FOLDER, path.slice(TAGS_FOLDER.length))
  const segments = path.split('/')
  return segments.length <= MAX_SEGMENTS && segments.every((name) => NAME.test(name))
}

/**
 * The path below the version. Both `meta-data/mac` and what the documentation writes
 * (`/latest/meta-data/mac`, `/meta-data/mac`) are accepted; a slash at the end stays.
 * @throws RangeError for anything but a plain path
 */
export const readPath = (text: string): string => {
  const path = text.replace(/^\//, '').replace(/^(?:latest|2016-01-01)(?:\/|$)/, '')
  if (path === '' || isPath(path.replace(/\/$/, ''))) return path
  throw new RangeError(
    `path: expected names and slashes, as in meta-data/mac, got ${JSON.stringify(text.slice(0, 100))}`,
  )
}

/**
 * Encodes one name; characters that RFC 3986 (section 3.3) allows in a segment stay, such as the
 * colons of a MAC.
 */
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
 * @param name the name of the text in messages. Default: `baseUrl`
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
  // The client adds the version itself. With two versions every path would answer 404:
  // /latest/latest/api/token.
  const [, base, rest] = /^(.*?)\/((?:latest|2016-01-01)(?:\/.*)?)$/.exec(plain) ?? []
  if (rest === undefined) return plain
  throw new RangeError(`${name}: ${plain} has a version in it; remove /${rest}: ${base}`)
}
