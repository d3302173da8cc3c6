// `npm run docs [JSON]`: the API reference of the public modules, as HTML in docs/api, or as JSON
// in a file. A warning is an error: an export or a member without a sentence, a type that a
// signature names and no module exports, a link that leads nowhere.

import {
  Application,
  Comment,
  type DeclarationReflection,
  Converter,
  ReferenceType,
  ReflectionKind,
  ReflectionType,
} from 'typedoc'

/** Tables of items. The reference takes the description of each row from its `what`. */
const ITEM_TABLES = new Set(['ITEMS', 'INTERFACE_ITEMS', 'DISK_ITEMS'])

const membersOf = ({ type }: DeclarationReflection): readonly DeclarationReflection[] =>
  type instanceof ReflectionType ? (type.declaration.children ?? []) : []

/** The text of a member whose type is a literal. */
const literalOf = (item: DeclarationReflection, name: string): string => {
  const { type } = membersOf(item).find((member) => member.name === name) ?? {}
  return type?.type === 'literal' ? String(type.value) : ''
}

const app = await Application.bootstrap()

app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  const variables = project.getReflectionsByKind(ReflectionKind.Variable) as DeclarationReflection[]
  const itemType = project
    .getReflectionsByKind(ReflectionKind.Interface)
    .find((each) => each.name === 'Item')
  if (itemType === undefined) throw new Error('no interface Item in the reference')
  for (const table of variables.filter(({ name }) => ITEM_TABLES.has(name))) {
    for (const item of membersOf(table)) {
      const text = `${literalOf(item, 'what')}: \`${literalOf(item, 'path')}\``
      item.comment = new Comment([{ kind: 'text', text }])
      const { type } = item
      if (type instanceof ReflectionType) project.removeReflection(type.declaration)
      item.type = ReferenceType.createResolvedReference('Item', itemType, project)
    }
  }
})

const project = await app.convert()
const hasProblems = (): boolean => app.logger.errorCount > 0 || app.logger.warningCount > 0
if (project !== undefined) {
  app.validate(project)
  const json = process.argv[2]
  if (json === undefined) await app.generateOutputs(project)
  else await app.generateJson(project, json)
}
if (project === undefined || hasProblems()) {
  process.exitCode = 1
}
