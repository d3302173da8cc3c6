// A list of the service, printed page by page.

import type { Page } from '../../client/index.ts'
import { CommandError, endingOf } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'
import { print } from '../output.ts'

/** How to print a list. */
export interface PagesOptions<Item> {
  /** Prints a page. @returns how many items it printed */
  readonly show: (page: Page<Item>) => number
  /** Whether to stop after a page. Default: never. @param shown items printed so far */
  readonly stops?: (page: Page<Item>, shown: number) => boolean
  /** What to print if the list has no items; `undefined`: nothing. */
  readonly none: string | undefined
}

/** Prints a list. @throws CommandError if the output is incomplete */
export const printPages = async <Item>(
  pages: AsyncIterable<Page<Item>>,
  { show, stops = () => false, none }: PagesOptions<Item>,
): Promise<void> => {
  let shown = 0
  try {
    for await (const page of pages) {
      shown += show(page)
      if (stops(page, shown)) return
    }
  } catch (error) {
    if (shown === 0) throw error
    throw new CommandError(EXIT.brokeOff, `${endingOf(error).message}\nThe output is incomplete`)
  }
  if (shown === 0 && none !== undefined) print(none)
}
