// Enrolls as bootstrap.sh does, with the project's own client, in a process of its own: the same variables,
// the same exit statuses. Both are held to one list of scenarios.

import { MetadataError, createMetadataClient } from '../../../src/metadata/index.ts'

const { env } = process
const shift = Number(env['CLOCK_SHIFT_SECONDS'] ?? 0) * 1000
if (shift !== 0) {
  const { now } = Date
  Date.now = () => now() + shift
}

const post = async (path: string, body: Record<string, string>): Promise<Response> => {
  const response = await fetch(`${env['SERVICE_URL']}${path}`, {
    method: 'POST',
    body: new URLSearchParams(body),
    headers: { Accept: path === '/v1/enroll' ? 'application/jwt' : 'application/json' },
  })
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return response
}

try {
  const role = env['ROLLCALL_ROLE'] as string
  const client = createMetadataClient({
    baseUrl: env['ROLLCALL_METADATA_URL'],
    mode: env['ROLLCALL_METADATA_MODE'] as 'auto' | undefined,
  })
  const { audience } = (await (await post('/v1/challenge', { role })).json()) as {
    audience: string
  }
  const { document, pkcs7 } = await client.evidence({ audience })
  process.stdout.write(await (await post('/v1/enroll', { document, pkcs7, role })).text())
} catch (error) {
  process.stderr.write(`${(error as { code?: string }).code} ${(error as Error).message}\n`)
  process.exitCode = error instanceof MetadataError ? 3 : 4
}
