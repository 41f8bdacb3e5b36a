export type { SessionStoreOptions } from '../session/session-items.ts'
export { FastifySessionStore } from './fastify-session-store.ts'
