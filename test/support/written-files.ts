// Which files the commands of a page write, as its reader runs them in a clone.

const FENCE = /^( *)```sh[^\n]*\n([^]*?)^\1```$/gm
const SPAN = /`([^`\n]+)`/g
/** A file that an option names, or to which output is redirected; not of another descriptor, and not to one. */
const WRITTEN =
  /(?:(?:^|\s)(?:--out|-o|--output|--dev-vars|--certificate-out|--dpop-key|--token-file)[ =]|(?<![0-9&>=-])>>?\s*)("?)([^\s"';|&()<>`]+)\1/g
const ASSIGNMENT = /^\s*(?:export )?([a-z_]+)=([A-Za-z0-9./_-]+)$/gm

/** Whether a path is one of the clone: no place of the whole machine, no placeholder, no variable left. */
const isOfTheClone = (path: string): boolean => !/^[/~%-]|[$*]|^[A-Z_]+$|\.\.\./.test(path)

const withValues = (path: string, values: ReadonlyMap<string, string>): string =>
  path
    .replace(/^\$PWD\//, '')
    .replaceAll(/\$\{?([a-z_]+)\}?/g, (all, name: string) => values.get(name) ?? all)

const writtenBy = (script: string): string[] => {
  const values = new Map(
    [...script.matchAll(ASSIGNMENT)].map(([, name = '', value = '']) => [name, value]),
  )
  return [...script.matchAll(WRITTEN)].map(([, , path = '']) => withValues(path, values))
}

/**
 * The files that the commands of a Markdown text write, relative to the clone's root, each once, in order.
 * @param markdown its fences of `sh`, and its inline code as far as an option names the file
 */
export const writtenFiles = (markdown: string): string[] => {
  const fences = [...markdown.matchAll(FENCE)].map(([, , script = '']) => script)
  const prose = markdown.replaceAll(/^( *)```[^]*?^\1```$/gm, '')
  const spans = [...prose.matchAll(SPAN)]
    .map(([, code = '']) => code)
    // A sign in prose is a comparison as often as a redirection.
    .filter((code) => /^(?:npm run|rollcall|npx|curl|node|deno) /.test(code))
  return [...new Set([...fences, ...spans].flatMap(writtenBy).filter(isOfTheClone))]
}
