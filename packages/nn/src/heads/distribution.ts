import type { Tensor } from '@tensorflow/tfjs-core'

/** A distribution over actions, one row per observation. Tensors are computed when first asked for. */
export interface Distribution {
  /** An action per row. `noise`: uniforms in [0, 1) [N, heads] for categorical, normals [N, A] for Gaussian heads. */
  sample(noise: Tensor): Tensor
  /** [N] log-probability (density) of `action`, summed over sub-actions. */
  logProb(action: Tensor): Tensor
  /** [N] entropy in nats, summed over sub-actions. */
  entropy(): Tensor
  /** The most likely action per row. */
  mode(): Tensor
}
