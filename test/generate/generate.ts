// `npm run generate`: writes every file of the project that is made from another one.

import { writeFile } from 'node:fs/promises'
import { BOOTSTRAP_MODULE, bootstrapTextModule } from './bootstrap-text.ts'
import { README, readmePage } from './readme-tables.ts'

await writeFile(BOOTSTRAP_MODULE, await bootstrapTextModule())
await writeFile(README, await readmePage())
