import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { keeps, pins, requiredFiles, requirement } from './pins.ts'

const HEADER =
  '# What `reprise setup tensorflow` downloads, for Linux x64: written from src/setup/pins.ts by its test.\n' +
  '# pip refuses a wheel with another hash.\n'

it.each([false, true])('the requirements file (cuda: %s) is what setup asks pip for', (cuda) => {
  const path = fileURLToPath(new URL(`../../requirements/${cuda ? 'cuda' : 'cpu'}.txt`, import.meta.url))
  const text = `${HEADER}${pins(cuda).wheels.map(requirement).join('\n')}\n`
  if (process.env['REPRISE_WRITE_DOCS'] === '1') writeFileSync(path, text)
  expect(readFileSync(path, 'utf8')).toBe(text)
})

it('keeps what runs and its licences, and nothing else', () => {
  for (const file of requiredFiles(true)) expect(keeps(file)).toBe(true)
  for (const file of [
    'nvidia_cudnn_cu12-9.28.0.42.dist-info/licenses/License.txt',
    'nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9',
    'nvidia/cuda_nvrtc/lib/libnvrtc-builtins.so.12.9',
    'tensorflow/THIRD_PARTY_NOTICES.txt',
  ]) {
    expect(keeps(file)).toBe(true)
  }
  for (const file of [
    'tensorflow/include/Eigen/Core',
    'tensorflow/python/_pywrap_tfe.so',
    'nvidia/cusolver/lib/libcusolverMg.so.11',
    'nvidia/cuda_nvrtc/lib/libnvrtc.alt.so.12',
    'nvidia/cuda_runtime/lib/libcudart_static.a',
    'nvidia/cuda_nvcc/nvvm/lib64/libnvvm.so',
    'nvidia_cudnn_cu12-9.28.0.42.dist-info/RECORD',
  ]) {
    expect(keeps(file)).toBe(false)
  }
})
