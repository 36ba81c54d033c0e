export * from './create-executor.ts'
export * from './doctor.ts'
export * from './executor.ts'
