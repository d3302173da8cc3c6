// As much of AMQP 0-9-1 as a connection needs to be opened: a client that shows a token as its password.

import { connect } from 'node:net'

const FRAME_METHOD = 1
const FRAME_END = 0xce
const LIMIT_MS = 20_000

const short = (text: string): Buffer => Buffer.concat([Buffer.of(text.length), Buffer.from(text)])
const long = (text: string): Buffer => {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(Buffer.byteLength(text))
  return Buffer.concat([size, Buffer.from(text)])
}

/** A frame on channel 0 with a method of the class `connection` (10). */
const frame = (method: number, ...fields: Buffer[]): Buffer => {
  const payload = Buffer.concat([Buffer.of(0, 10, 0, method), ...fields])
  const head = Buffer.alloc(7)
  head[0] = FRAME_METHOD
  head.writeUInt32BE(payload.length, 3)
  return Buffer.concat([head, payload, Buffer.of(FRAME_END)])
}

const START = 10
const START_OK = 11
const TUNE = 30
const TUNE_OK = 31
const OPEN = 40
const OPEN_OK = 41

/**
 * Opens a connection to the virtual host `/`, and closes it.
 * @returns whether the broker let it in
 * @throws Error if the broker does not answer within 20 seconds
 */
export const opensConnection = (port: number, password: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('AMQP\0\0\u0009\u0001'))
    let received = Buffer.alloc(0)
    const end = (isIn: boolean): void => {
      socket.destroy()
      resolve(isIn)
    }
    const answer = (method: number, fields: Buffer): void => {
      if (method === START) {
        const response = long(`\0any-user\0${password}`)
        socket.write(frame(START_OK, long(''), short('PLAIN'), response, short('en_US')))
      } else if (method === TUNE) {
        socket.write(frame(TUNE_OK, fields))
        socket.write(frame(OPEN, short('/'), short(''), Buffer.of(0)))
      } else end(method === OPEN_OK)
    }
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error('the broker does not answer')))
    // A broker that refuses may reset the connection.
    socket.on('error', (error) => (socket.bytesRead > 0 ? resolve(false) : reject(error)))
    socket.on('close', () => resolve(false))
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes])
      while (received.length >= 7) {
        const size = received.readUInt32BE(3)
        if (received.length < size + 8) return
        const payload = received.subarray(7, 7 + size)
        received = received.subarray(size + 8)
        answer(payload.readUInt16BE(2), payload.subarray(4))
      }
    })
  })
