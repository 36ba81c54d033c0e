export * from './algorithm.ts'
