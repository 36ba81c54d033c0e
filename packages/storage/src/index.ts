export * from './atomic.ts'
export * from './origin.ts'
export * from './state-file.ts'
