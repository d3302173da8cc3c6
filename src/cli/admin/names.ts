// What instances and bans are named by on the command line, checked before anything is asked.

import { InvalidArgumentError } from 'commander'
import { matchesField } from '../../codec/identity-document.ts'

/** Reads an argument that must be like a field of a document. */
const fieldArgument =
  (field: string, example: string) =>
  (text: string): string => {
    if (matchesField(field, text)) return text
    throw new InvalidArgumentError(`Expected one like ${example}.`)
  }

export const accountArgument = fieldArgument('owner-account-id', '1234567890123456')
export const regionArgument = fieldArgument('region-id', 'cn-hangzhou')
export const instanceArgument = fieldArgument('instance-id', 'i-bp1abcdefghijklmnopq')

/** Whether a text could be the id of an instance. */
export const isInstanceId = (text: string): boolean => matchesField('instance-id', text)

/** The fields of what a ban can name. */
export const BANNED_FIELDS = {
  account: 'owner-account-id',
  image: 'image-id',
  instance: 'instance-id',
} as const
