// The public face of the HTTP service.

export { type AppOptions, createApp } from './app.ts'
export { type AuditEvent, auditLine } from './audit.ts'
