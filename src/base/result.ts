// The one way to say no below the faces: an expected refusal is a value that the caller has to look at. Throwing
// is for mistakes of the caller and for what is nobody's fault, such as a ledger that is unreachable. Looking
// something up is neither: what is not there is `undefined`.

/** What a step gives, or why it refuses. */
export type Result<Value, Refusal> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly refusal: Refusal }

/** The step has a value. */
export const accept = <Value>(value: Value): Result<Value, never> => ({ ok: true, value })

/** The step refuses. */
export const refuse = <Refusal>(refusal: Refusal): Result<never, Refusal> => ({
  ok: false,
  refusal,
})
