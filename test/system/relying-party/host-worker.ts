// The relying party on Workers: its verifier is made with the first request, and all requests share its keys.

import { createHost, type HostVariables } from './host.ts'

let host: ReturnType<typeof createHost> | undefined

export default {
  fetch: (request: Request, variables: HostVariables): Promise<Response> =>
    (host ??= createHost(variables))(request),
}
