export { ExpressSessionStore } from './express-session-store.ts'
export type { SessionStoreOptions } from './session-items.ts'
