// Runs tfjs-core's own specs on the cpu backend under jasmine and writes every kernel call to the file named in
// ORACLE_OUT. Bundled by record-suite.ts as CommonJS, so that `require` order is execution order: jasmine's globals
// first, then the test environment, then the specs. JavaScript, because it is no module of this package.
const { openSync, writeSync, closeSync } = require('node:fs')
const { createHash } = require('node:crypto')

// Not its main file, which lists a folder that the bundle does not have.
const jasmineRequire = require('jasmine-core/lib/jasmine-core/jasmine.js')
const jasmine = require('jasmine-core/lib/jasmine-core/node_boot.js')(jasmineRequire)
const { setTestEnvs } = require('@tensorflow/tfjs-core/dist/jasmine_util.js')
require('@tensorflow/tfjs-core/dist/index.js')
require('@tensorflow/tfjs-core/dist/register_all_gradients.js')
require('@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js')
require('@tensorflow/tfjs-backend-cpu/dist/index.js')
const { Engine } = require('@tensorflow/tfjs-core/dist/engine.js')

setTestEnvs([{ name: 'cpu', backendName: 'cpu', isDataSync: true }])

// The same numbers in each recording: some specs draw their operands.
let seed = 1
Math.random = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed / 2 ** 32
}

const file = openSync(process.env.ORACLE_OUT, 'w')
const seen = new Set()
const DTYPES = new Set(['float32', 'int32', 'bool'])
const LARGEST = 20_000
const counts = { calls: 0, written: 0 }

const original = Engine.prototype.runKernelFunc
Engine.prototype.runKernelFunc = function (params) {
  const { kernelName, inputs, attrs } = params
  if (kernelName === undefined || this.backendName !== 'cpu' || this.state.kernelDepth > 0) {
    return original.call(this, params)
  }
  counts.calls++
  const before = packAll(this, inputs)
  const result = original.call(this, params)
  if (before !== undefined) write(kernelName, before, attrs, packAll(this, [].concat(result)))
  return result
}

function packAll(engine, tensors) {
  const packed = {}
  for (const [name, tensor] of Object.entries(tensors ?? {})) {
    if (tensor === undefined || tensor === null) continue
    if (!DTYPES.has(tensor.dtype) || tensor.size > LARGEST) return undefined
    const data = engine.readSync(tensor.dataId)
    // A view may be larger than the tensor; float16 and foreign arrays do not occur on this backend.
    const exact = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[tensor.dtype].from(data)
    packed[name] = [tensor.dtype, tensor.shape, Buffer.from(exact.buffer).toString('base64')]
  }
  return packed
}

function write(kernel, inputs, attrs, outputs) {
  if (outputs === undefined) return
  const line = JSON.stringify({ k: kernel, i: inputs, a: attrs ?? {}, o: Object.values(outputs) }, special)
  const hash = createHash('sha1').update(line).digest('base64')
  if (seen.has(hash)) return
  seen.add(hash)
  counts.written++
  writeSync(file, `${line}\n`)
}

function special(_, value) {
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { $: Object.is(value, -0) ? '-0' : String(value) }
  }
  return ArrayBuffer.isView(value) ? Array.from(value) : value
}

require('@tensorflow/tfjs-core/dist/tests.js')

const env = jasmine.getEnv()
const specs = { passed: 0, failed: 0, pending: 0 }
env.configure({ random: false })
env.addReporter({
  specDone: ({ status }) => {
    if (status in specs) specs[status]++
  },
  jasmineDone: () => {
    closeSync(file)
    console.log(JSON.stringify({ ...specs, ...counts }))
    process.exit(0)
  },
})
env.execute()
