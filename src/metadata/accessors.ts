// Functions that read known items, made from the table of them.

import type { Item, ItemForm } from './items.ts'
import { MetadataError } from './metadata-error.ts'
import { type ValueOfForm, readValue } from './read-value.ts'

/** The forms whose values are lists. */
export type ListForm = 'lines' | 'names' | 'json' | 'addresses'

/**
 * The type of an item's value. If not every instance has the item, the value may be `undefined`, or
 * an empty list.
 */
export type ValueOf<I extends Item> =
  I extends Required<Pick<Item, 'needs'>>
    ? I['form'] extends ListForm
      ? ValueOfForm[I['form']]
      : ValueOfForm[I['form']] | undefined
    : ValueOfForm[I['form']]

/** A function for each item of a table. */
export type Accessors<Table extends Readonly<Record<string, Item>>> = {
  readonly [Name in keyof Table]: () => Promise<ValueOf<Table[Name]>>
}

const LISTS: ReadonlySet<ItemForm> = /* @__PURE__ */ new Set<ListForm>([
  'lines',
  'names',
  'json',
  'addresses',
])

const readItem = async (
  { path, form, needs }: Item,
  getText: (path: string) => Promise<string>,
): Promise<unknown> => {
  let text: string
  try {
    text = await getText(path)
  } catch (error) {
    const isUnset = error instanceof MetadataError && error.code === 'not_found'
    if (isUnset && needs !== undefined) return LISTS.has(form) ? [] : undefined
    throw error
  }
  const value = readValue(form, text, path)
  if (value !== undefined) return value
  throw new MetadataError(`${path}: the value is not of the form ${form}`, {
    code: 'unexpected_answer',
    path,
  })
}

/**
 * Makes the functions of a table.
 * @param folder the folder of the table's paths
 */
export const createAccessors = <Table extends Readonly<Record<string, Item>>>(
  table: Table,
  getText: (path: string) => Promise<string>,
  folder = '',
): Accessors<Table> => {
  const functions = Object.entries(table).map(([name, item]) => [
    name,
    () => readItem({ ...item, path: folder + item.path }, getText),
  ])
  return Object.fromEntries(functions) as Accessors<Table>
}
