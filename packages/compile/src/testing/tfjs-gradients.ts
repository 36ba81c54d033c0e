/**
 * TensorFlow.js's own gradients, for tests. tfjs-core ships them as modules that Node cannot load by themselves (imports
 * without extensions), so they are bundled first; they register in the one registry of the process.
 */
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { getGradient } from '@tensorflow/tfjs-core'
import { build } from 'esbuild'

export async function registerTfjsGradients(): Promise<void> {
  if (getGradient('Tanh') !== null && getGradient('Tanh') !== undefined) return
  const core = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-core/package.json'))
  const file = join(import.meta.dirname, '../../node_modules/.cache/tfjs-gradients-4.22.mjs')
  if (!existsSync(file)) await bundle(join(core, 'dist/register_all_gradients.js'), file)
  await import(/* @vite-ignore */ pathToFileURL(file).href)
}

async function bundle(entry: string, file: string): Promise<void> {
  mkdirSync(dirname(file), { recursive: true })
  // Several test files may do this at once.
  const own = `${file}.${process.pid}`
  await build({
    entryPoints: [entry],
    outfile: own,
    bundle: true,
    format: 'esm',
    platform: 'node',
    ignoreAnnotations: true,
    logLevel: 'error',
  })
  renameSync(own, file)
}
