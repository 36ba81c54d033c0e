/**
 * For the published package: TensorFlow.js's kernels for Node.js as one file, `dist/kernels/tfjs-node-kernels.cjs`, because
 * their own package cannot be installed where its install script runs. Their notices stay in the file; the licence
 * (Apache-2.0) is licenses/Apache-2.0.txt. Run by `prepack`: `tsx src/build/bundle-kernels.ts`.
 */
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'

const DIST = '@tensorflow/tfjs-node-gpu/dist'

const ENTRY = `
exports.NodeJSKernelBackend = require('${DIST}/nodejs_kernel_backend.js').NodeJSKernelBackend
exports.registerKernels = () => require('${DIST}/register_all_kernels.js')
`

const BANNER = `/* Kernels and backend class of @tensorflow/tfjs-node-gpu 4.22.0, Copyright Google LLC, licensed under the Apache License,
   Version 2.0 (licenses/Apache-2.0.txt). Changed: bundled into one file; the functions isNullOrUndefined and isArray of
   Node.js's util, which current versions of Node.js lack, are written out; the protocol buffers for TensorBoard are left
   out. */`

/** What the kernels take from elsewhere. */
const PARTS: Plugin = {
  name: 'parts',
  setup(build) {
    // The umbrella package adds nothing that the kernels use.
    build.onResolve({ filter: /^@tensorflow\/tfjs$/ }, () => ({ path: '@tensorflow/tfjs-core', external: true }))
    build.onResolve({ filter: /^util$|proto\/api_pb$/ }, ({ path }) => ({ path, namespace: 'parts' }))
    build.onLoad({ filter: /^util$/, namespace: 'parts' }, () => ({
      contents: 'exports.isNullOrUndefined = (value) => value == null; exports.isArray = Array.isArray',
    }))
    build.onLoad({ filter: /api_pb$/, namespace: 'parts' }, () => ({ contents: 'module.exports = {}' }))
  },
}

export async function bundleKernels(outfile: string): Promise<void> {
  await build({
    stdin: { contents: ENTRY, resolveDir: import.meta.dirname, loader: 'js' },
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    banner: { js: BANNER },
    legalComments: 'inline',
    external: ['@tensorflow/tfjs-core'],
    plugins: [PARTS],
    logLevel: 'error',
  })
}

if (process.argv[1] === import.meta.filename) {
  await bundleKernels(join(import.meta.dirname, '../../dist/kernels/tfjs-node-kernels.cjs'))
}
