// Boots TypeScript in a child process of a test: node train-child.mjs '<options of train, or {"resume": folder}>'
import { register } from 'tsx/esm/api'

register()
const options = JSON.parse(process.argv[2])
if (options.resume !== undefined) {
  const { resume } = await import('../resume.ts')
  await resume(options.resume)
} else {
  const { train } = await import('../train.ts')
  await train(options)
}
