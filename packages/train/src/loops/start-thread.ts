/** Starts a module of this package in a thread, compiled or as TypeScript source. */
import { Worker } from 'node:worker_threads'

/** What a module in a thread finds as `workerData`. */
export interface ThreadData<T> {
  readonly module: string
  readonly data: T
}

/** `name`: the module's file name beside this one, without the extension. */
export function startThread<T>(name: string, data: T): Worker {
  const source = import.meta.url.endsWith('.ts')
  const module = new URL(`./${name}${source ? '.ts' : '.js'}`, import.meta.url).href
  const start = source ? new URL('../../hooks/source-thread.mjs', import.meta.url) : new URL(module)
  return new Worker(start, { workerData: { module, data } satisfies ThreadData<T> })
}
