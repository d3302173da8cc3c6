// A relying party that serves one address: the claim `ecs` of an admitted token. Each runtime starts the same handler.

import {
  type ShownRequest,
  admitRequest,
  createTokenVerifier,
} from '../../../src/relying-party/index.ts'

/** What it is configured with. */
export interface HostVariables {
  readonly ROLLCALL_ISSUER: string
  /** Names with commas between them. */
  readonly AUDIENCES: string
}

/** Makes the handler. A test reads the code of a refusal in its answer, which no real server shows. */
export const createHost = ({
  ROLLCALL_ISSUER: issuer,
  AUDIENCES,
}: HostVariables): ((request: ShownRequest) => Promise<Response>) => {
  const audience = AUDIENCES.split(',')
  const verifier = createTokenVerifier({ issuer, audience, roles: ['worker', 'node'] })
  return async (request) => {
    const admission = await admitRequest(request, { verifier })
    if (admission.admitted) return Response.json(admission.enrollment.ecs)
    const { response, error } = admission
    response.headers.set('X-Code', error.code)
    return response
  }
}
