import { repriseCommand } from '@reprise/core'
import { expect, it } from 'vitest'
import { tensorFlowLines } from './doctor-tensorflow.ts'

const bare = {
  library: undefined,
  version: undefined,
  problem: undefined,
  koffi: undefined,
  python: undefined,
  pythonProblem: 'none found',
  driver: undefined,
  missing: ['the TensorFlow library (reprise setup tensorflow)', 'the package koffi (npm install koffi)'],
  device: undefined,
}

it('says what is missing where nothing is there', () => {
  expect(tensorFlowLines(undefined)[0]![1]).toContain('@reprise/tensorflow')
  expect(tensorFlowLines(bare)).toEqual([
    ['library', `none found; '${repriseCommand('setup tensorflow')}' installs one`],
    ['runs on', 'nothing: it does not start'],
    ['koffi', 'not installed'],
    ['driver', 'no NVIDIA driver: everything is computed on the CPU'],
    ['Python', "none found (only 'setup' needs it)"],
    ['missing', bare.missing[0]],
    ['missing', bare.missing[1]],
  ])
})

it('names the library, the GPU and the driver', () => {
  const lines = tensorFlowLines({
    ...bare,
    library: { folder: '/cache/cuda-2.21.0/tensorflow', version: '2.21.0', source: 'cache', cudaLibraries: ['/x.so'] },
    version: '2.21.0',
    koffi: '3.3.4',
    python: { command: 'python3', version: '3.6.1', pip: '9.0.1' },
    pythonProblem: 'it is Python 3.6.1',
    driver: {
      version: '550.54.15',
      cuda: '12.4',
      gpus: [{ name: 'NVIDIA H100 80GB HBM3', memory: 80 * 2 ** 30, capability: '9.0' }],
      problem: undefined,
    },
    missing: [],
    device: 'GPU:0',
  })
  expect(lines).toEqual([
    ['library', '2.21.0, CUDA build, /cache/cuda-2.21.0/tensorflow (installed by setup)'],
    ['runs on', 'GPU:0, NVIDIA H100 80GB HBM3'],
    ['koffi', '3.3.4'],
    ['driver', 'NVIDIA 550.54.15, CUDA up to 12.4'],
    ['GPU 0', 'NVIDIA H100 80GB HBM3, 80.0 GiB, compute capability 9.0'],
    ['Python', '3.6.1 (python3), pip 9.0.1: setup cannot use it: it is Python 3.6.1'],
    ['missing', 'nothing'],
  ])
})
