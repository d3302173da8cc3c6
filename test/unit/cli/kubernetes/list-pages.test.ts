// Lists in pages, also of objects that somebody made large.

import { describe, expect, it } from 'vitest'
import { AnswerTooLongError, ApiServerError } from '../../../../src/cli/kubernetes/api-error.ts'
import type { ApiServer } from '../../../../src/cli/kubernetes/api-server.ts'
import { listPages } from '../../../../src/cli/kubernetes/list-pages.ts'

const PATH = '/apis/things'

/** A server of objects with sizes, which answers at most `max` in all. */
const serverOf = (sizes: readonly number[], max: number) => {
  const limits: number[] = []
  const call = async (_: string, path: string): Promise<unknown> => {
    const query = new URL(path, 'http://server').searchParams
    const from = Number(query.get('continue') ?? 0)
    const limit = Number(query.get('limit'))
    limits.push(limit)
    const items = sizes.slice(from, from + limit)
    if (items.reduce((sum, size) => sum + size, 0) > max) {
      throw new AnswerTooLongError(`GET ${PATH}`, max)
    }
    const to = from + items.length
    return { items, metadata: { ...(to < sizes.length && { continue: String(to) }) } }
  }
  return { limits, server: { origin: 'http://server', call } as unknown as ApiServer }
}

const readAll = async (server: ApiServer, limit: number): Promise<unknown[]> => {
  const all: unknown[] = []
  for await (const { items } of listPages(server, PATH, limit)) all.push(...items)
  return all
}

describe('listPages()', () => {
  it('reads page after page', async () => {
    const sizes = Array.from({ length: 7 }, () => 1)
    const { server, limits } = serverOf(sizes, 100)
    expect(await readAll(server, 3)).toEqual(sizes)
    expect(limits).toEqual([3, 3, 3])
  })

  it('reads smaller pages where one is too long, and misses nothing', async () => {
    const sizes = [...Array.from({ length: 40 }, () => 1), ...Array.from({ length: 20 }, () => 30)]
    const { server, limits } = serverOf(sizes, 64)
    expect(await readAll(server, 500)).toEqual(sizes)
    expect(limits.slice(0, 3)).toEqual([500, 63, 8])
  })

  it('fails if one object alone is too long', async () => {
    const { server } = serverOf([65], 64)
    const failed = readAll(server, 500)
    await expect(failed).rejects.toThrow(ApiServerError)
    await expect(failed).rejects.toThrow(/The API server answered more than .* MiB to GET/)
  })
})
