// The body of a request to the stand-in API server.

import { Buffer } from 'node:buffer'
import { ApiError } from './api-error.ts'
import { isProtobuf, readProtobuf } from './protobuf.ts'

const MAX_BODY_BYTES = 3 * 1024 * 1024

/** Reads the body of a request: JSON, or protobuf. @throws ApiError */
export const readBody = async (stream: AsyncIterable<Uint8Array>): Promise<unknown> => {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of stream) {
    length += piece.length
    if (length > MAX_BODY_BYTES) throw new ApiError('RequestEntityTooLarge', 'limit is 3145728')
    pieces.push(piece)
  }
  const body = Buffer.concat(pieces)
  try {
    return isProtobuf(body) ? readProtobuf(body) : JSON.parse(body.toString('utf8'))
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw new ApiError('BadRequest', 'the body of the request was neither JSON nor protobuf')
  }
}
