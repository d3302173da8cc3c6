// OpenAPI of the stand-in API server, as little as kubectl needs: that each resource can be written with
// `fieldValidation`, so that kubectl leaves the validation to the server.

import { RESOURCES, apiVersionOf } from './resources.ts'

const pathOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? `apis/${apiVersion}` : `api/${apiVersion}`

const VERSIONS = [...new Set(RESOURCES.map(apiVersionOf))]

const FIELD_VALIDATION = [
  { name: 'fieldValidation', in: 'query', schema: { type: 'string', uniqueItems: true } },
]

const schemaDocument = (apiVersion: string): object => {
  const paths = RESOURCES.filter((it) => apiVersionOf(it) === apiVersion).map((it) => {
    const place = it.namespaced ? 'namespaces/{namespace}/' : ''
    const { group, version, kind } = it
    const operation = {
      parameters: FIELD_VALIDATION,
      responses: { 200: { description: 'OK' } },
      'x-kubernetes-group-version-kind': { group, version, kind },
    }
    return [
      `/${pathOf(apiVersion)}/${place}${it.plural}/{name}`,
      { patch: { ...operation, 'x-kubernetes-action': 'patch' } },
    ]
  })
  return {
    openapi: '3.0.0',
    info: { title: 'stand-in', version: 'v1.35.0' },
    paths: Object.fromEntries(paths),
  }
}

/** The document at a path. @returns `undefined` for any other path */
export const openApiDocument = (path: string): object | undefined => {
  if (path === '/openapi/v3') {
    const entries = VERSIONS.map((version) => [
      pathOf(version),
      { serverRelativeURL: `/openapi/v3/${pathOf(version)}?hash=stand-in` },
    ])
    return { paths: Object.fromEntries(entries) }
  }
  const version = VERSIONS.find((it) => path === `/openapi/v3/${pathOf(it)}`)
  return version === undefined ? undefined : schemaDocument(version)
}
