/**
 * The metrics of SAC, REDQ and TD3 under Stable-Baselines3's names: averages over the updates, those of the policy over the
 * updates at which it moved.
 */
export function reportActorCritic(metrics: Readonly<Record<string, Float32Array>>): Record<string, number> {
  const { policyUpdate } = metrics
  const average = (name: string, at?: Float32Array) => {
    const values = metrics[name]!
    let sum = 0
    let count = 0
    for (let k = 0; k < values.length; k++) {
      if (at !== undefined && at[k] === 0) continue
      sum += values[k]!
      count++
    }
    return count === 0 ? undefined : sum / count
  }
  const reported: Record<string, number | undefined> = {}
  const add = (name: string, metric: string, at?: Float32Array) => {
    if (metrics[metric] !== undefined) reported[`train/${name}`] = average(metric, at)
  }
  add('actor_loss', 'actorLoss', policyUpdate)
  add('critic_loss', 'criticLoss')
  add('ent_coef', 'entropyCoef')
  add('ent_coef_loss', 'entropyCoefLoss', policyUpdate)
  add('entropy', 'entropy')
  add('q_mean', 'qMean')
  add('fau', 'fau')
  return Object.fromEntries(
    Object.entries(reported).filter((entry): entry is [string, number] => entry[1] !== undefined),
  )
}
