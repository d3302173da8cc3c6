// Shows how far a storm has come: one line that is rewritten on a terminal, a line every five seconds elsewhere.

/** How far it has come. */
export interface Standing {
  readonly seconds: number
  readonly ended: number
  readonly instances: number
  readonly inFlight: number
  readonly retries: number
  /** The fault that lasts now. */
  readonly fault: string | undefined
}

/** Where progress goes. */
export interface Progress {
  /** A line of its own. */
  say(line: string): void
  show(standing: Standing): void
  /** Ends the line that is rewritten. */
  end(): void
}

/** What is needed of a stream. */
export interface ProgressStream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

const LINE_SECONDS = 5
/** Back to the beginning of the line, and clears it. */
const REWRITE = '\r\u001B[K'

const number = (value: number): string => value.toLocaleString('en-US')

const lineOf = (standing: Standing): string => {
  const { seconds, ended, instances, inFlight, retries, fault } = standing
  return [
    `${Math.round(seconds)} s`,
    `${number(ended)} of ${number(instances)} done`,
    `${number(inFlight)} enrolling`,
    `${number(retries)} retries`,
    ...(fault === undefined ? [] : [fault]),
  ].join(', ')
}

/** Creates it. */
export const createProgress = (stream: ProgressStream): Progress => {
  const rewrites = stream.isTTY === true
  let isOpen = false
  let nextSeconds = 0
  const end = (): void => {
    if (isOpen) stream.write('\n')
    isOpen = false
  }
  return {
    end,
    say(line) {
      end()
      stream.write(`${line}\n`)
    },
    show(standing) {
      if (rewrites) {
        stream.write(REWRITE + lineOf(standing))
        isOpen = true
      } else if (standing.seconds >= nextSeconds) {
        stream.write(`${lineOf(standing)}\n`)
        nextSeconds = standing.seconds + LINE_SECONDS
      }
    },
  }
}
