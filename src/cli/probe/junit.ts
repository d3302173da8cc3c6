// The report as JUnit XML, which CI systems show. A document has one suite, and a test case for each token.

import { LOCKED_OUT, type Line, type Report } from './report.ts'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** XML 1.0 section 2.2 has no way to write these. */
// oxlint-disable-next-line no-control-regex -- the characters are the point
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu

const escaped = (text: string): string =>
  text.replace(FORBIDDEN, '\ufffd').replace(/[&<>"']/g, (found) => ENTITIES[found] as string)

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('')

const testCase = (url: string, { name, outcome, answer, means, remedy }: Line): string => {
  const open = `    <testcase${attributes({ classname: url, name })}`
  if (outcome === 'refused' || outcome === 'accepted') return `${open}/>`
  if (outcome === 'not tried') {
    return `${open}><skipped${attributes({ message: remedy ?? '' })}/></testcase>`
  }
  const element = outcome === 'admitted' ? 'failure' : 'error'
  const message = `${outcome}: ${answer ?? ''}`
  const text = [means, remedy].filter((line) => line !== undefined).join('\n')
  return `${open}><${element}${attributes({ message })}>${escaped(text)}</${element}></testcase>`
}

/** Without it, a door that locks its client out would look right. */
const goodAtEnd = (url: string, stillOpen: boolean): string => {
  const open = `    <testcase${attributes({ classname: url, name: 'a good token at the end' })}`
  return stillOpen
    ? `${open}/>`
    : `${open}><error${attributes({ message: LOCKED_OUT })}/></testcase>`
}

/** The document, with a line break at its end. */
export const junit = ({ url, lines, counts, stillOpen }: Report): string => {
  const numbers = {
    tests: lines.length + 1,
    failures: counts.admitted,
    errors: counts.unclear + (stillOpen ? 0 : 1),
    skipped: counts.notTried,
  }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes(numbers)}>`,
    `  <testsuite${attributes({ name: 'rollcall probe', ...numbers })}>`,
    ...lines.map((line) => testCase(url, line)),
    goodAtEnd(url, stillOpen),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}
