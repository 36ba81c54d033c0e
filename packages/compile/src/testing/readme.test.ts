import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { fitLine } from './readme-example.ts'
import { registerTfjsGradients } from './tfjs-gradients.ts'

const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8')
const squeezed = (text: string): string => text.replace(/\s+/g, ' ')

describe('the example of the README', () => {
  it('is the one that runs here', () => {
    const example = /```ts\n([\s\S]*?)```/.exec(read('../../README.md'))![1]!
    const body = example.slice(example.indexOf('const step'))
    expect(squeezed(read('./readme-example.ts'))).toContain(squeezed(body).trim())
  })

  it('fits a line', async () => {
    await registerTfjsGradients()
    await tf.setBackend('cpu')
    const x = tf.tensor2d([0, 1, 1, 1, 2, 1], [3, 2])
    const { error } = await fitLine(x, tf.tensor2d([1, 3, 5], [3, 1]))
    expect(error.dataSync()[0]).toBeLessThan(0.05)
  })
})
