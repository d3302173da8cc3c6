// What an instance does to enroll, over plain HTTP.

/** Evidence as it is posted. */
export interface PostedEvidence {
  readonly document: string
  readonly pkcs7: string
}

const textOf = async (url: string): Promise<string> => {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return response.text()
}

/** Asks a service for a challenge. */
export const getChallenge = async (service: string, role?: string): Promise<string> => {
  const response = await fetch(`${service}/v1/challenge`, {
    method: 'POST',
    body: new URLSearchParams(role === undefined ? {} : { role }),
  })
  return ((await response.json()) as { audience: string }).audience
}

/** Asks a service for a challenge, over a connection of its own. @returns its answer, whatever it is */
export const askChallenge = (service: string): Promise<Response> =>
  fetch(`${service}/v1/challenge`, { method: 'POST', headers: { Connection: 'close' } })

/** Asks a metadata service for evidence over a challenge. */
export const getEvidence = async (
  metadataUrl: string,
  audience: string,
): Promise<PostedEvidence> => {
  const base = `${metadataUrl}/latest/dynamic/instance-identity`
  const document = await textOf(`${base}/document`)
  return { document, pkcs7: await textOf(`${base}/pkcs7?audience=${audience}`) }
}

/** What a service answers to an enrollment. */
export interface EnrollmentAnswer {
  readonly status: number
  readonly requestId: string
  readonly body: Readonly<Record<string, unknown>>
}

/** Posts evidence as a form. */
export const postEvidence = async (
  service: string,
  fields: PostedEvidence & { readonly role?: string; readonly audience?: string },
): Promise<EnrollmentAnswer> => {
  const response = await fetch(`${service}/v1/enroll`, {
    method: 'POST',
    body: new URLSearchParams({ ...fields }),
  })
  return {
    status: response.status,
    requestId: response.headers.get('X-Request-Id') ?? '',
    body: (await response.json()) as Record<string, unknown>,
  }
}
