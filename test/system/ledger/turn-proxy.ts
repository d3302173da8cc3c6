// A TCP proxy that holds every byte for a while in each direction, and counts turns: how often its client asks
// something after it was answered. Whatever a client sends without waiting for an answer is one turn.

import { type Socket, connect, createServer } from 'node:net'
import { startListening } from '../../support/listening.ts'

/** What went through. */
export interface Turns {
  readonly turns: number
  /** Whether a chunk had one of the texts that the proxy looks for. */
  readonly isDisturbed: boolean
}

/** A running proxy. */
export interface TurnProxy {
  readonly port: number
  /** What went through since the last call, over all connections. */
  take(): Turns
  close(): Promise<void>
}

/** Passes chunks on, in order, each so much later. @param passed is called just before a chunk is passed on */
const holdBack = (from: Socket, to: Socket, holdMs: number, passed: () => void): void => {
  from.on('data', (chunk) => {
    setTimeout(() => {
      passed()
      to.write(chunk)
    }, holdMs)
  })
  from.on('error', () => undefined).on('close', () => setTimeout(() => to.destroy(), holdMs))
}

/**
 * Starts a proxy before a server of this machine.
 * @param options `holdMs`: how long a chunk is held; `disturbing`: texts by which other traffic is recognised
 */
export const startTurnProxy = async (
  serverPort: number,
  { holdMs, disturbing }: { readonly holdMs: number; readonly disturbing: readonly string[] },
): Promise<TurnProxy> => {
  let turns = 0
  let isDisturbed = false
  let isAnswered = true
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: serverPort, host: '127.0.0.1', noDelay: true })
    client.on('data', (chunk) => {
      const text = chunk.toString('latin1').toLowerCase()
      isDisturbed ||= disturbing.some((each) => text.includes(each))
      if (isAnswered) turns++
      isAnswered = false
    })
    holdBack(client, upstream, holdMs, () => undefined)
    holdBack(upstream, client, holdMs, () => (isAnswered = true))
  })
  return {
    ...(await startListening(server)),
    take() {
      const taken = { turns, isDisturbed }
      turns = 0
      isDisturbed = false
      isAnswered = true
      return taken
    },
  }
}
