// A process of its own that asks a metadata service, in an environment that names a proxy. It prints what
// the client gets, and what the runtime's own fetch gets.

import { createMetadataClient } from '../../../src/metadata/client.ts'

const [url = ''] = (globalThis as unknown as { process: { argv: string[] } }).process.argv.slice(2)
const mine = await createMetadataClient({ baseUrl: url, attempts: 1 }).items.hostname()
const theirs = await fetch(`${url}/latest/meta-data/hostname`).then(
  (response) => response.text(),
  () => 'failed',
)
// oxlint-disable-next-line no-console -- it is what this program is for
console.log(JSON.stringify({ mine, theirs }))
