import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { LIBRARY_VARIABLE } from '../library.ts'
import { tensorFlowFacts } from './facts.ts'
import { setupTensorFlow } from './setup.ts'
import { FAKE_VERSION, fakeWheels } from './testing/fake-wheels.ts'
import { folderSource } from './testing/folder-source.ts'

let top: string
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'reprise-facts-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(top, { recursive: true, force: true })
})

it('names every library that is absent or does not open', async () => {
  const { pins } = fakeWheels(join(top, 'wheels'), true, 3000)
  const open = async () => ({ version: FAKE_VERSION })
  const parts = { root: join(top, 'cache'), pins, source: folderSource(join(top, 'wheels')), open }
  const { folder } = await setupTensorFlow({ cuda: true, parts })
  rmSync(join(folder, 'nvidia/cufft/lib/libcufft.so.11'))
  rmSync(join(folder, 'nvidia/cuda_nvcc/bin/ptxas'))
  vi.stubEnv(LIBRARY_VARIABLE, folder)
  const facts = await tensorFlowFacts()
  expect(facts.library).toMatchObject({ source: 'environment', version: FAKE_VERSION })
  expect(facts.problem).toMatch(/libtensorflow_framework\.so\.2/)
  expect(facts.missing).toContain('for the GPU: libcufft.so.11')
  expect(facts.missing).toContain('for the GPU: ptxas')
  expect(facts.missing.filter((what) => what.startsWith('a TensorFlow library that opens'))).toHaveLength(1)
  expect(facts.missing.some((what) => /^for the GPU: libcusparse\.so\.12 \(.+\)$/.test(what))).toBe(true)
})

it('says that a named folder holds no TensorFlow, and what setup would need', async () => {
  vi.stubEnv(LIBRARY_VARIABLE, top)
  vi.stubEnv('PYTHON', join(top, 'no-python'))
  const facts = await tensorFlowFacts()
  expect(facts.library).toBeUndefined()
  expect(facts.problem).toContain(top)
  expect(facts.python).toBeUndefined()
  expect(facts.missing.slice(0, 2)).toEqual([
    expect.stringMatching(/^the TensorFlow library \(REPRISE_TENSORFLOW/),
    'for setup: Python with pip (none found)',
  ])
  expect(facts.koffi).toMatch(/^\d+\.\d+\.\d+/)
})
