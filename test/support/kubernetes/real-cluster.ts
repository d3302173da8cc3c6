// A real cluster whose API server asks a webhook about tokens, as clusters before 1.30 do.

import type { TestContext } from 'vitest'
import type { TestCa } from '../tls-certificates.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import { requirePrograms } from './programs.ts'

/** See {@link startRealCluster}. */
export interface RealCluster extends Pick<ControlPlane, 'call' | 'startControllers' | 'close'> {
  /** Starts the API server again. @param audiences `--api-audiences`; empty: the default */
  restart(audiences: readonly string[]): Promise<void>
  /** The second number of its version. */
  readonly minor: number
}

/** How a cluster is started. */
export interface RealClusterOptions {
  readonly folder: string
  /** Signs the certificate of the API server, and those of kubelets. */
  readonly ca: TestCa
  /** `--authentication-token-webhook-config-file`. */
  readonly webhookKubeconfig: string
  /** `--authentication-token-webhook-cache-ttl`. */
  readonly cacheSeconds: number
}

/** Starts a cluster. The test is skipped, with a reason, where a program is missing. */
export const startRealCluster = async (
  context: TestContext,
  { folder, ca, webhookKubeconfig, cacheSeconds }: RealClusterOptions,
): Promise<RealCluster> => {
  const programs = await requirePrograms(context, folder)
  const serving = ca.certificateFor('localhost')
  const plane = await startControlPlane({ folder, programs, ca, serving })
  return {
    ...plane,
    minor: programs.minor,
    restart: (audiences) =>
      plane.restart({
        'authentication-token-webhook-config-file': webhookKubeconfig,
        'authentication-token-webhook-version': 'v1',
        'authentication-token-webhook-cache-ttl': `${cacheSeconds}s`,
        ...(audiences.length > 0 && { 'api-audiences': audiences.join(',') }),
      }),
  }
}
