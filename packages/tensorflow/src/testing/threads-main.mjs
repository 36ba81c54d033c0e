// `threads-main.mjs <count>`: worker threads one after another, every fifth stopped while it computes.
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

const count = Number(process.argv[2])
const resident = []
let finished = 0
for (let i = 0; i < count; i++) {
  const busy = i % 5 === 4
  const worker = new Worker(join(import.meta.dirname, 'process-main.mjs'), { workerData: busy ? 'busy' : 'end' })
  const word = await new Promise((resolve, reject) => {
    let said
    worker.on('message', (text) => {
      said = text
      if (busy) void worker.terminate()
    })
    worker.on('error', reject)
    worker.on('exit', () => resolve(said))
  })
  if (word === '20') finished++
  if (i % 10 === 9) resident.push(Math.round(process.memoryUsage().rss / 2 ** 20))
}
console.log(JSON.stringify({ finished, resident }))
