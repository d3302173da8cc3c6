// A reader of Dockerfiles and of `.dockerignore`, for as much of them as the project uses; what it
// doesn't know it refuses, so that nothing is passed over.

/** One instruction: its options and what follows them. */
export interface Instruction {
  readonly name: string
  readonly options: Readonly<Record<string, string>>
  readonly text: string
}

/** One stage of a build. */
export interface Stage {
  readonly name: string | undefined
  readonly from: string
  readonly instructions: readonly Instruction[]
}

const KNOWN = /^(?:ARG|CMD|COPY|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|RUN|STOPSIGNAL|USER|WORKDIR)$/

const parseInstruction = (line: string): Instruction => {
  const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
  if (!KNOWN.test(name)) throw new Error(`not an instruction that is known here: ${line}`)
  const options: Record<string, string> = {}
  let text = rest
  for (;;) {
    const [whole, key, value] = /^--([a-z-]+)=(\S+)\s+/.exec(text) ?? []
    if (whole === undefined || key === undefined || value === undefined) break
    options[key] = value
    text = text.slice(whole.length)
  }
  return { name, options, text }
}

/** Parses a Dockerfile. `ARG`s before the first stage are put in where they are used. */
export const parseDockerfile = (source: string): Stage[] => {
  const lines = source
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\s*\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
  const args = new Map<string, string>()
  const stages: { name: string | undefined; from: string; instructions: Instruction[] }[] = []
  for (const instruction of lines.map(parseInstruction)) {
    const { name, text } = instruction
    if (name === 'ARG' && stages.length === 0) {
      const [key = '', value = ''] = text.split('=')
      args.set(key, value)
    } else if (name === 'FROM') {
      const [image = '', , as] = text.split(/\s+/)
      const from = image.replaceAll(/\$\{(\w+)\}/g, (_, key: string) => args.get(key) ?? '')
      stages.push({ name: as, from, instructions: [] })
    } else {
      stages.at(-1)?.instructions.push(instruction)
    }
  }
  return stages
}

/** The texts of a JSON array, as `CMD ["node", "file"]` has them. */
export const parseExecForm = (text: string): string[] => {
  const value: unknown = JSON.parse(text)
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw new Error(`not a list of texts: ${text}`)
}

/** The pairs of `ENV` and `LABEL`. */
export const parsePairs = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)].map(([, key = '', quoted, plain]) => [
      key,
      quoted ?? plain ?? '',
    ]),
  )

const patternOf = (glob: string): RegExp => {
  const source = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('**/', '\0')
    .replaceAll('*', '[^/]*')
    .replaceAll('\0', '(?:.*/)?')
  // What matches a folder matches all in it.
  return new RegExp(`^${source}(?:/.*)?$`)
}

/** Whether a path of the context is sent to the engine, by the lines of a `.dockerignore`. */
export const contextFilter = (source: string): ((path: string) => boolean) => {
  const rules = source
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const keeps = line.startsWith('!')
      return { keeps, pattern: patternOf(keeps ? line.slice(1) : line) }
    })
  // The last that matches decides.
  return (path) => rules.findLast(({ pattern }) => pattern.test(path))?.keeps ?? true
}
