import { RepriseError } from '@reprise/core'

export interface PlatformFacts {
  readonly platform: string
  readonly arch: string
  /** Version of the GNU C library; undefined where there is none, as on Alpine. */
  readonly glibc: string | undefined
}

/** The wheels are built for this one and everything after it. */
const GLIBC = '2.27'

/** @throws RPR_SETUP_PLATFORM where the pinned wheels cannot run */
export function checkPlatform({ platform, arch, glibc }: PlatformFacts = platformFacts()): void {
  const refuse = (what: string) => {
    throw new RepriseError(
      'RPR_SETUP_PLATFORM',
      `setup tensorflow installs for Linux x64 with glibc; this is ${what}.`,
      {
        value: `${platform} ${arch}`,
        hint:
          "Install TensorFlow with 'python3 -m pip install tensorflow', where it is found, or name its folder in REPRISE_TENSORFLOW; " +
          'or train with --executor auto, which does not need it.',
      },
    )
  }
  if (platform !== 'linux' || arch !== 'x64') refuse(`${platform} ${arch}`)
  if (glibc === undefined) refuse('Linux with another C library')
  else if (glibc.localeCompare(GLIBC, 'en', { numeric: true }) < 0) refuse(`glibc ${glibc}, older than ${GLIBC}`)
}

export function platformFacts(): PlatformFacts {
  return { platform: process.platform, arch: process.arch, glibc: glibcVersion() }
}

function glibcVersion(): string | undefined {
  if (process.platform !== 'linux') return undefined
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime
}
