// tfjs-core's own specs under jasmine. Bundled by run-suite.ts as CommonJS, so that `require` order is execution order:
// jasmine's globals first, then the test environment, then the specs. JavaScript, because it is no module of this package.

// Not its main file, which lists a folder that the bundle does not have.
const jasmineRequire = require('jasmine-core/lib/jasmine-core/jasmine.js')
const jasmine = require('jasmine-core/lib/jasmine-core/node_boot.js')(jasmineRequire)
const { setTestEnvs } = require('@tensorflow/tfjs-core/dist/jasmine_util.js')
require('@tensorflow/tfjs-core/dist/index.js')
require('@tensorflow/tfjs-core/dist/register_all_gradients.js')
require('@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js')

setTestEnvs([{ name: 'tensorflow', backendName: 'tensorflow', isDataSync: true }])

// The same numbers in each run: some specs draw their operands.
let seed = 1
Math.random = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed / 2 ** 32
}

require('@tensorflow/tfjs-core/dist/tests.js')

/** Runs every spec; resolves to what became of them. */
exports.execute = () => {
  const env = jasmine.getEnv()
  const result = { passed: 0, pending: 0, failed: [] }
  env.configure({ random: false })
  return new Promise((resolve) => {
    env.addReporter({
      specDone: ({ status, fullName, failedExpectations }) => {
        if (status === 'passed') result.passed++
        else if (status === 'pending') result.pending++
        else if (status === 'failed') {
          result.failed.push({ name: fullName, message: failedExpectations[0]?.message.split('\n')[0] ?? '' })
        }
      },
      jasmineDone: () => resolve(result),
    })
    env.execute()
  })
}
