import { expect, it, vi } from 'vitest'
import { doctorFacts } from './doctor.ts'
import { EXECUTOR_NAMES } from './executor.ts'

it('says of every executor whether it is there', async () => {
  vi.stubEnv('REPRISE_TENSORFLOW', '/nowhere')
  const facts = await doctorFacts()
  vi.unstubAllEnvs()
  expect(facts.executors.map(({ name }) => name)).toEqual(EXECUTOR_NAMES)
  const available = facts.executors.filter((executor) => executor.available).map(({ name }) => name)
  expect(available).toEqual(['auto', 'wasm', 'onnx', 'eager:cpu', 'eager:wasm'])
  expect(facts.executors.find(({ name }) => name === 'tensorflow')!.note).toMatch(/needs/)
  expect(facts.tfjs).toBe('4.22.0')
  expect(facts.wasmSimd).toBe(true)
  expect(facts.cores).toBeGreaterThan(0)
  expect(facts.tensorflow!.device).toBeUndefined()
  expect(facts.tensorflow!.missing[0]).toMatch(
    /^the TensorFlow library \(REPRISE_TENSORFLOW is '\/nowhere', which does not/,
  )
})
