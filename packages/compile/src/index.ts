export * from './graph.ts'
export * from './target.ts'
