// `npm run generate`: writes every file of the project that is made from another one.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BOOTSTRAP_MODULE, bootstrapTextModule } from './bootstrap-text.ts'
import { ROOT } from '../support/sources.ts'
import { generatedPages } from './page-tables.ts'

await writeFile(BOOTSTRAP_MODULE, await bootstrapTextModule())
for (const { path, text } of await generatedPages()) await writeFile(join(ROOT, path), text)
