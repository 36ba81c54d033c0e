/**
 * @reprise/backend as tests see it under `npm run test:executor -- NAME`: whatever executor a test leaves open, or names
 * as the usual one, is NAME. Tests that compare executors, or are about the one that they name, carry the tag
 * `own-executor` and get what they ask for.
 */
import { inject, TestRunner } from 'vitest'
import { type CreateExecutorOptions, createExecutor as create } from '../create-executor.ts'
import type { Executor } from '../executor.ts'

export * from '../index.ts'

export function createExecutor(options: CreateExecutorOptions): Promise<Executor> {
  if (TestRunner.getCurrentTest()?.tags?.includes('own-executor')) return create(options)
  return create({ ...options, executor: inject('executor') })
}

declare module 'vitest' {
  interface ProvidedContext {
    executor: CreateExecutorOptions['executor']
  }
}
