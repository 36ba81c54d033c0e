import type { AnyEnvDefinition } from '@reprise/core'
import { acrobot } from './acrobot.ts'
import { cartPole } from './cart-pole.ts'
import { mountainCar } from './mountain-car.ts'
import { mountainCarContinuous } from './mountain-car-continuous.ts'
import { pendulum } from './pendulum.ts'

export { acrobot, cartPole, mountainCar, mountainCarContinuous, pendulum }

/** Gymnasium's classic control tasks. */
export const classicControl: readonly AnyEnvDefinition[] = [
  cartPole,
  mountainCar,
  mountainCarContinuous,
  pendulum,
  acrobot,
]
