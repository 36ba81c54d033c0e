/**
 * What `reprise setup tensorflow` downloads: exact wheels with their hashes. The CUDA set is what the extra `and-cuda`
 * of TensorFlow 2.21.0 allows, in the newest versions of November 2026, less cuRAND, which TensorFlow never opens.
 * Every size is measured. `requirements/*.txt` is this table in pip's form; pins.test.ts keeps the two equal.
 */
import { PINNED_VERSION } from '../library.ts'

export interface PinnedWheel {
  readonly name: string
  readonly version: string
  readonly sha256: string
  /** Bytes of the wheel. */
  readonly download: number
  /** Bytes of what is kept of it ({@link keeps}). */
  readonly installed: number
}

export interface Pins {
  readonly cuda: boolean
  /** Of TensorFlow. */
  readonly version: string
  /** Largest downloads first, which keeps the peak of disk use low. */
  readonly wheels: readonly PinnedWheel[]
}

const CPU: readonly PinnedWheel[] = [
  {
    name: 'tensorflow-cpu',
    version: PINNED_VERSION,
    sha256: '05af7c26d35f4de910b5598c7b507e3981831a7b0f47fed9a405d995d51d7793',
    download: 274271560,
    installed: 853780359,
  },
]

const CUDA: readonly PinnedWheel[] = [
  {
    name: 'nvidia-cudnn-cu12',
    version: '9.28.0.42',
    sha256: '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
    download: 716538495,
    installed: 1162413503,
  },
  {
    name: 'nvidia-cublas-cu12',
    version: '12.9.3.13',
    sha256: 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
    download: 581217458,
    installed: 854371684,
  },
  {
    name: 'tensorflow',
    version: PINNED_VERSION,
    sha256: 'e9d8da8dcab9650efb45f032ba70af2f016f907e6e0c6bda29dd101bba945406',
    download: 572881074,
    installed: 1259492499,
  },
  {
    name: 'nvidia-cusparse-cu12',
    version: '12.5.10.65',
    sha256: '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
    download: 366465088,
    installed: 486617405,
  },
  {
    name: 'nvidia-nccl-cu12',
    version: '2.32.3',
    sha256: 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
    download: 351526311,
    installed: 473618528,
  },
  {
    name: 'nvidia-cusolver-cu12',
    version: '11.7.5.82',
    sha256: '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
    download: 338117415,
    installed: 302085264,
  },
  {
    name: 'nvidia-cufft-cu12',
    version: '11.4.1.4',
    sha256: 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
    download: 200877592,
    installed: 291568954,
  },
  {
    name: 'nvidia-cuda-nvrtc-cu12',
    version: '12.9.86',
    sha256: '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
    download: 89568129,
    installed: 113508210,
  },
  {
    name: 'nvidia-cuda-nvcc-cu12',
    version: '12.9.86',
    sha256: '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
    download: 40546229,
    installed: 35478173,
  },
  {
    name: 'nvidia-nvjitlink-cu12',
    version: '12.9.86',
    sha256: 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
    download: 39748338,
    installed: 95996325,
  },
  {
    name: 'nvidia-cuda-cupti-cu12',
    version: '12.9.79',
    sha256: '096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f',
    download: 10814997,
    installed: 43426784,
  },
  {
    name: 'nvidia-cuda-runtime-cu12',
    version: '12.9.79',
    sha256: '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
    download: 3493179,
    installed: 802058,
  },
]

export function pins(cuda: boolean): Pins {
  return { cuda, version: PINNED_VERSION, wheels: cuda ? CUDA : CPU }
}

/** A wheel as a line of a requirements file. */
export function requirement({ name, version, sha256 }: PinnedWheel): string {
  return `${name}==${version} --hash=sha256:${sha256}`
}

const UNUSED = /\.alt\.|libcusolverMg|libnvblas|libcufftw/
const KEPT = [
  /^[^/]+\.dist-info\/METADATA$/,
  /^[^/]+\.dist-info\/(?:licenses\/.*|LICENSE[^/]*|License\.txt)$/,
  /^tensorflow\/(?:libtensorflow_cc\.so\.2|libtensorflow_framework\.so\.2|THIRD_PARTY_NOTICES\.txt)$/,
  /^nvidia\/[^/]+\/lib\/[^/]+\.so(?:\.\d+)*$/,
  // XLA compiles with ptxas and links with libdevice.
  /^nvidia\/cuda_nvcc\/(?:bin|nvvm\/libdevice)\/[^/]+$/,
]

/** Whether a file of a wheel is needed at run time (or is its licence); about half of what they hold is not. */
export function keeps(path: string): boolean {
  return !UNUSED.test(path) && KEPT.some((pattern) => pattern.test(path))
}

/** Files without which an installation is none. */
export function requiredFiles(cuda: boolean): string[] {
  return [
    'tensorflow/libtensorflow_cc.so.2',
    'tensorflow/libtensorflow_framework.so.2',
    ...(cuda ? CUDA_FILES.map((file) => `nvidia/${file}`) : []),
  ]
}

/** What a GPU needs, by the folder of its wheel. */
const CUDA_FILES = [
  'cuda_runtime/lib/libcudart.so.12',
  'nvjitlink/lib/libnvJitLink.so.12',
  'cuda_nvrtc/lib/libnvrtc.so.12',
  'cublas/lib/libcublasLt.so.12',
  'cublas/lib/libcublas.so.12',
  'cufft/lib/libcufft.so.11',
  'cusparse/lib/libcusparse.so.12',
  'cusolver/lib/libcusolver.so.11',
  'cudnn/lib/libcudnn.so.9',
  'cuda_cupti/lib/libcupti.so.12',
  'nccl/lib/libnccl.so.2',
  'cuda_nvcc/bin/ptxas',
  'cuda_nvcc/nvvm/libdevice/libdevice.10.bc',
]
