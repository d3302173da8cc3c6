// The answer of undici's `fetch` as the platform's type. Node's `fetch` is an undici too, of another version.

import type { Response as UndiciResponse } from 'undici'

/** What the types of undici and of the platform have alike. */
type Alike = Omit<Response, 'body' | 'clone' | 'blob' | 'bytes' | 'formData' | 'arrayBuffer'>

/**
 * The same answer, of the platform's type. The compiler compares the members that both types have alike. The others lead
 * to streams and buffers, whose types differ in options that nothing here uses; at run time they are the platform's own.
 */
export const platformResponse = (answer: UndiciResponse): Response => {
  const alike: Alike = answer
  return alike as Response
}
