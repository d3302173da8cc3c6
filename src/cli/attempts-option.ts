// The option that says how patient a call of a service is.

import type { Option } from 'commander'
import { wholeNumber } from './help.ts'
import { optionOrVariable } from './option-variable.ts'

const DEFAULT_ATTEMPTS = 10

/** Makes the option `--attempts`. An empty variable counts as unset. */
export const attemptsOption = (): Option =>
  optionOrVariable('--attempts <n>', 'calls that may fail before it gives up', 'ROLLCALL_ATTEMPTS')
    .argParser((text) => (text === '' ? DEFAULT_ATTEMPTS : wholeNumber(1, 9999)(text)))
    .default(DEFAULT_ATTEMPTS)
