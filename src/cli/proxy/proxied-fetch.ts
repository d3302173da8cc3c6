// `fetch` for the calls of a service, by way of the proxy that the environment names. It is undici's own: Node's takes no
// dispatcher of another undici, and knows no proxies before version 24. Deno's would send calls of this machine to the
// proxy, too.

import type { RequestInit as UndiciInit } from 'undici'
import type { Fetch } from '../../client/index.ts'
import { thisRun } from '../run.ts'
import { routeTo } from './settings.ts'
import { connectThrough } from './tunnel.ts'

/**
 * The `fetch` for a service. Only this command's calls of the service use it, never those of the metadata service.
 * @param issuer an origin
 * @returns `undefined` where no proxy is configured: the platform's `fetch` does
 * @throws CommandError for a variable that is not the address of a proxy
 */
export const fetchFor = async (issuer: string): Promise<Fetch | undefined> => {
  const { env, signal } = thisRun()
  const route = routeTo(issuer, env)
  if (route === 'default') return undefined
  const undici = await import('undici')
  const dispatcher = new undici.Agent(
    route === 'direct' ? {} : { connect: connectThrough(undici, route) },
  )
  signal.addEventListener('abort', () => void dispatcher.destroy(), { once: true })
  // The types of undici and of the platform differ; what is used of both is the same.
  return (url, init) =>
    undici.fetch(url, { ...init, dispatcher } as UndiciInit) as unknown as Promise<Response>
}
