// Where the packages run as TypeScript source, a thread begins here: it inherits no loader that the process registered.
import { workerData } from 'node:worker_threads'
import { register } from 'tsx/esm/api'

register()
// Tells the loader of users' files that TypeScript is understood already.
globalThis[Symbol.for('reprise.tsx')] = true
await import(workerData.module)
