// Boots TypeScript in a child process of a test: node train-child.mjs '<options of train as JSON>'
import { register } from 'tsx/esm/api'

register()
const { train } = await import('../train.ts')
await train(JSON.parse(process.argv[2]))
