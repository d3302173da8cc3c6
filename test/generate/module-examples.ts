// The examples of docs/library.md: those in the docstrings of the public modules.

import { publicModules } from '../support/public-modules.ts'
import { docstringExamples } from '../support/runnable-fences.ts'
import { readProjectFile } from '../support/sources.ts'

/** Modules whose examples stand on another page. */
const ON_ANOTHER_PAGE = new Set(['rollcall/metadata', 'rollcall/emulator'])

/** The example of each module, the first one in its source, by the module's name. */
export const moduleExamples = (): Record<string, string> =>
  Object.fromEntries(
    publicModules()
      .filter(({ specifier }) => !ON_ANOTHER_PAGE.has(specifier))
      .map(({ specifier, source }) => {
        const [example] = docstringExamples(readProjectFile(source))
        return [specifier, `\`\`\`ts\n${example?.script ?? ''}\`\`\``]
      }),
  )
