/**
 * Lets the event loop turn now and then. The training loop is synchronous wherever the environment and the executor are:
 * without these turns no Ctrl-C would come in before a long rollout or evaluation is over.
 */
export class Breather {
  /** Milliseconds between two turns. */
  static readonly INTERVAL = 50
  #last = performance.now()

  /** To be awaited where a turn is due, else undefined. */
  turn(): Promise<void> | undefined {
    const now = performance.now()
    if (now - this.#last < Breather.INTERVAL) return undefined
    this.#last = now
    return new Promise(setImmediate)
  }
}
