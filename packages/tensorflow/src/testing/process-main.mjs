// Boots TypeScript in a process or a worker thread: `new Worker('x.ts')` fails on Node 20, a .mjs file works everywhere.
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { register } from 'tsx/esm/api'

register()
const { processTask } = await import('./process-task.ts')
await processTask(isMainThread ? process.argv[2] : workerData, (text) =>
  isMainThread ? console.log(text) : parentPort.postMessage(text),
)
