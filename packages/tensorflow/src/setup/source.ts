import type { PinnedWheel } from './pins.ts'

/** Where wheels come from: pip in earnest, a folder in tests. */
export interface WheelSource {
  /** What it is, for people. @throws RPR_SETUP_PLATFORM, RPR_SETUP_PYTHON where it cannot work here */
  check(): string
  /**
   * Puts the wheel into the folder `into` and says where; what it needs meanwhile goes into `temporary`. The hash has been
   * checked when it returns. A wheel that is there already and whole is taken.
   * @throws RPR_SETUP_DOWNLOAD
   */
  fetch(wheel: PinnedWheel, into: string, temporary: string, signal?: AbortSignal): Promise<string>
}
