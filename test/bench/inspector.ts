// A processor profile of a running Node process, through its inspector: only of the time that is asked
// for, so that neither the start nor the warming up is in it.

import { once } from 'node:events'
import { WebSocket } from 'undici'

/** A call in a profile. Its time is in the samples. */
export interface ProfileNode {
  readonly id: number
  /** Where the called function begins; lines and columns are counted from 0. */
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    readonly lineNumber: number
    readonly columnNumber: number
  }
  readonly children?: readonly number[]
}

/** A profile of V8, as `Profiler.stop` gives it. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  /** Ids of the nodes that ran, one for each sample. */
  readonly samples: readonly number[]
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[]
}

/** Microseconds between two samples. */
const INTERVAL = 200

/**
 * Profiles the main thread of a process while something is done.
 * @param port of its inspector (`--inspect=127.0.0.1:PORT`)
 */
export const profileWhile = async (
  port: number,
  work: () => Promise<unknown>,
): Promise<CpuProfile> => {
  const answer = await fetch(`http://127.0.0.1:${port}/json/list`)
  const [target] = (await answer.json()) as { webSocketDebuggerUrl: string }[]
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '')
  await once(socket, 'open')
  let calls = 0
  const call = async (method: string, params: object = {}): Promise<object> => {
    const id = ++calls
    socket.send(JSON.stringify({ id, method, params }))
    for (;;) {
      const [{ data }] = (await once(socket, 'message')) as [{ data: string }]
      const message = JSON.parse(data) as { id?: number; result?: object; error?: object }
      if (message.id !== id) continue
      if (message.result === undefined) throw new Error(`${method}: ${JSON.stringify(message)}`)
      return message.result
    }
  }
  try {
    await call('Profiler.enable')
    await call('Profiler.setSamplingInterval', { interval: INTERVAL })
    await call('Profiler.start')
    await work()
    return ((await call('Profiler.stop')) as { profile: CpuProfile }).profile
  } finally {
    socket.close()
  }
}
