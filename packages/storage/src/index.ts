export * from './atomic.ts'
export * from './state-file.ts'
