/**
 * Where the time of an iteration goes: environment, policy, learning, and the rest. `collect` is all of collecting where a
 * loop tells it: environment and policy, and beside them resets, packing and waiting for other threads.
 */
export type Phase = 'env' | 'policy' | 'learn' | 'collect'

export class PhaseTimer {
  readonly #milliseconds: Record<Phase, number> = { env: 0, policy: 0, learn: 0, collect: 0 }
  #start = performance.now()

  add(phase: Phase, milliseconds: number): void {
    this.#milliseconds[phase] += milliseconds
  }

  /** Time that has passed and belongs to no lap. */
  leaveOut(milliseconds: number): void {
    this.#start += milliseconds
  }

  /** Shares of the time since the last call, and steps per second over it; then starts anew. */
  lap(steps: number): Record<string, number> {
    const now = performance.now()
    const total = Math.max(now - this.#start, 1e-6)
    const { env, policy, learn, collect } = this.#milliseconds
    for (const phase in this.#milliseconds) this.#milliseconds[phase as Phase] = 0
    this.#start = now
    return {
      'time/sps': (steps / total) * 1000,
      'time/env_share': env / total,
      'time/policy_share': policy / total,
      'time/learn_share': learn / total,
      'time/other_share': Math.max(0, 1 - (env + policy + learn) / total),
      ...(collect > 0 ? { 'time/collect_share': collect / total } : {}),
    }
  }
}
