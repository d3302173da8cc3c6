// Whether an old file is an AuthenticationConfiguration and nothing else. A file of several documents, a script or user
// data with one in it must not be replaced. It reads lines, not YAML: a wrong "no" costs only another file name.

/** Each `kind`, at any depth, in YAML or JSON. */
const KIND = /(?<![\w-])kind["']?[ \t]*:[ \t]*["']?([\w-]*)/g

/** What comes before the document. */
const BEFORE = /^(?:\s*\n|#[^\n]*\n|---\s*\n)*/

/**
 * What may begin a line of the document: a member of the format, an item, a comment, JSON, or indentation.
 * https://kubernetes.io/docs/reference/config-api/apiserver-config.v1/#apiserver-k8s-io-v1-AuthenticationConfiguration
 */
const LINE = /^(?:["']?(?:apiVersion|kind|jwt|anonymous)["']?[ \t]*:|- |[#}\]\s]|$)/

/** Whether a text is one AuthenticationConfiguration, in YAML or JSON, with no other document in it. */
export const isAuthenticationConfiguration = (text: string): boolean => {
  const kinds = [...text.matchAll(KIND)].map(([, kind]) => kind)
  const [first = '', ...others] = text.replace(BEFORE, '').split('\n')
  return (
    kinds.length === 1 &&
    kinds[0] === 'AuthenticationConfiguration' &&
    (first.startsWith('{') || LINE.test(first)) &&
    others.every((line) => LINE.test(line))
  )
}
