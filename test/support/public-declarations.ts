// What the public modules export, each name with the place where it is declared.

import { posix } from 'node:path'
import ts from 'typescript'
import { publicModules } from './public-modules.ts'
import { readProjectFile } from './sources.ts'

/** A name that a public module exports, where it is declared. */
export interface PublicDeclaration {
  readonly specifier: string
  readonly name: string
  readonly path: string
  /** The statement: it has the docstring. */
  readonly statement: ts.Statement
}

const parse = (path: string): ts.SourceFile =>
  ts.createSourceFile(path, readProjectFile(path), ts.ScriptTarget.ES2022, true)

const isExported = (node: ts.Node): boolean =>
  ts.canHaveModifiers(node) &&
  (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)

/** @throws Error for an export of a kind that this file cannot read, such as `export default` */
const declaredNames = (statement: ts.Statement): string[] => {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText())
  }
  const isNamed =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement)
  if (isNamed && statement.name !== undefined) return [statement.name.text]
  throw new Error(`an export of a kind that is not expected: ${statement.getText()}`)
}

/**
 * The declarations of a file that are exported, or those of the names, followed to other files.
 * @throws Error if a name is not declared there, or for an `export *`
 */
const declarationsIn = (
  specifier: string,
  path: string,
  wanted?: ReadonlySet<string>,
): PublicDeclaration[] => {
  const found = parse(path).statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement)) {
      if (!isExported(statement)) return []
      return declaredNames(statement)
        .filter((name) => wanted?.has(name) ?? true)
        .map((name) => ({ specifier, name, path, statement }))
    }
    const { exportClause, moduleSpecifier } = statement
    if (exportClause === undefined || !ts.isNamedExports(exportClause)) {
      throw new Error(`${path} does not list the names that it exports`)
    }
    const names = exportClause.elements.map(({ name, propertyName = name }) => propertyName.text)
    const followed = new Set(names.filter((name) => wanted?.has(name) ?? true))
    const target = posix.join(posix.dirname(path), (moduleSpecifier as ts.StringLiteral).text)
    return followed.size === 0 ? [] : declarationsIn(specifier, target, followed)
  })
  const missing = [...(wanted ?? [])].filter((name) => !found.some((one) => one.name === name))
  if (missing.length > 0) throw new Error(`${path} does not declare ${missing.join(', ')}`)
  return found
}

/** Every export of every public module. */
export const publicDeclarations = (): PublicDeclaration[] =>
  publicModules().flatMap(({ specifier, source }) => declarationsIn(specifier, source))

/** The function that a declaration is, if it is one. */
export const functionOf = ({
  statement,
}: PublicDeclaration): ts.ArrowFunction | ts.FunctionDeclaration | undefined => {
  if (ts.isFunctionDeclaration(statement)) return statement
  if (!ts.isVariableStatement(statement)) return undefined
  const [declaration] = statement.declarationList.declarations
  const value = declaration?.initializer
  return value !== undefined && ts.isArrowFunction(value) ? value : undefined
}

/** The methods of a public interface or class; not members that hold a function of the user. */
export const methodsOf = ({
  statement,
}: PublicDeclaration): (ts.MethodSignature | ts.MethodDeclaration)[] => {
  if (!ts.isInterfaceDeclaration(statement) && !ts.isClassDeclaration(statement)) return []
  return [...statement.members].filter(
    (member): member is ts.MethodSignature | ts.MethodDeclaration =>
      (ts.isMethodSignature(member) || ts.isMethodDeclaration(member)) &&
      !ts.isPrivateIdentifier(member.name),
  )
}
