// What the check of a cluster finds: one line for each thing that it looked at.

/** How the kubelets authenticate: `a` with tokens all the time, `b` with certificates after the first token. */
export type Mode = 'a' | 'b'

/** One line. */
export interface Finding {
  /** `unknown`: it cannot be seen from here. */
  readonly state: 'ok' | 'bad' | 'unknown'
  /** What was looked at. */
  readonly name: string
  /** What is so. */
  readonly detail: string
  /** What to do; absent if there is nothing to do. */
  readonly remedy?: string
}

const NAME_WIDTH = 21
const STATE_WIDTH = 'unknown'.length

/** A finding as one line. */
export const lineOf = ({ state, name, detail, remedy }: Finding): string =>
  `${state.padEnd(STATE_WIDTH)}  ${name.padEnd(NAME_WIDTH)}  ${detail}${
    remedy === undefined ? '' : `; ${remedy}`
  }`
