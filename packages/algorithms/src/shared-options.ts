/** Options that several algorithms share word for word. */
import { option } from '@reprise/core'
import { ACTIVATIONS, type ActivationName } from '@reprise/nn'

/** Widths and activation of hidden layers; `doc`: whose layers. */
export function hiddenLayers<A extends ActivationName>(hidden: readonly number[], activation: A, doc: string) {
  return {
    hidden: option.numbers({ default: hidden, min: 1, integer: true, doc, aliases: ['net_arch', 'hidden_sizes'] }),
    activation: option.choice({
      values: ACTIVATIONS,
      default: activation,
      doc: 'Activation of the hidden layers.',
      aliases: ['activation_fn'],
    }),
  }
}

export const layerNorm = option.boolean({ default: false, doc: 'Layer normalisation before each activation.' })

export const logStdInit = option.number({
  default: 0,
  doc: 'Initial log standard deviation of continuous actions.',
  aliases: ['log_std_init'],
})

export const adamEpsilon = option.number({
  default: 1e-5,
  min: 0,
  above: true,
  doc: "Adam's epsilon, outside the root.",
  aliases: ['adam_eps'],
})
