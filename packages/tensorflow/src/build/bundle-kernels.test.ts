import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { getKernelsForBackend } from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bundleKernels } from './bundle-kernels.ts'

let folder: string
beforeAll(() => {
  // Inside the package, from which the bundle finds tfjs-core.
  folder = mkdtempSync(join(import.meta.dirname, 'bundle-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

it('bundles the kernels with their notices, without their add-on or install script', async () => {
  const file = join(folder, 'kernels.cjs')
  await bundleKernels(file)
  const text = readFileSync(file, 'utf8')
  expect(text).toContain('Apache License')
  expect(text).toContain('Copyright 2018 Google LLC')
  expect(text).not.toMatch(/node-pre-gyp|require\("@tensorflow\/tfjs"\)|require\("util"\)/)
  const bundle = createRequire(import.meta.url)(file) as { NodeJSKernelBackend: unknown; registerKernels(): void }
  expect(typeof bundle.NodeJSKernelBackend).toBe('function')
  bundle.registerKernels()
  expect(getKernelsForBackend('tensorflow').length).toBe(155)
})
