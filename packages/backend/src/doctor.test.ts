import { expect, it } from 'vitest'
import { doctorFacts } from './doctor.ts'
import { EXECUTOR_NAMES } from './executor.ts'

it('says of every executor whether it is there', async () => {
  const facts = await doctorFacts()
  expect(facts.executors.map(({ name }) => name)).toEqual(EXECUTOR_NAMES)
  const available = facts.executors.filter((executor) => executor.available).map(({ name }) => name)
  expect(available).toEqual(['auto', 'wasm', 'onnx', 'eager:cpu', 'eager:wasm'])
  expect(facts.executors.find(({ name }) => name === 'tensorflow')!.note).toMatch(/needs/)
  expect(facts.tfjs).toBe('4.22.0')
  expect(facts.wasmSimd).toBe(true)
  expect(facts.cores).toBeGreaterThan(0)
})
