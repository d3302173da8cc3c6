// `npm run generate`: writes every file of the project that is made from another one.

import { writeFile } from 'node:fs/promises'
import { BOOTSTRAP_MODULE, bootstrapTextModule } from './bootstrap-text.ts'

await writeFile(BOOTSTRAP_MODULE, await bootstrapTextModule())
