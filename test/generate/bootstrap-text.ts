// The module that holds the text of `src/http/bootstrap.sh`. Workers, Deno and bundlers all load a
// module; each of them would load a text file in its own way.

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

/** The shell script that people edit. */
export const BOOTSTRAP_SCRIPT: string = pathOf('../../src/http/bootstrap.sh')

/** The generated module. */
export const BOOTSTRAP_MODULE: string = pathOf('../../src/http/bootstrap-text.ts')

/** The source of the module, made from the script as it is on disk. */
export const bootstrapTextModule = async (): Promise<string> => {
  const text = await readFile(BOOTSTRAP_SCRIPT, 'utf8')
  const source = `// Generated from bootstrap.sh by \`npm run generate\`; do not edit.

/** The text of \`bootstrap.sh\`, with its two placeholders. */
export const BOOTSTRAP_TEXT: string = ${JSON.stringify(text)}
`
  const options = await resolveConfig(BOOTSTRAP_MODULE)
  return format(source, { ...options, filepath: BOOTSTRAP_MODULE })
}
