/**
 * Blackjack-v1: beat the dealer without exceeding 21 (Sutton and Barto, example 5.1), as in Gymnasium 1.4.
 * Infinite deck. Stick = 0, hit = 1. Observation: player's sum, dealer's showing card (ace 1), usable ace 0/1. The dealer
 * draws to 17. Draws are in Gymnasium's order: dealer's hand, player's hand, suit, and the face of a shown ten, the last
 * two for render only. Outcome: 1 for a win.
 */
import { defineNativeEnv, discrete, option, tuple } from '@reprise/core'

const DECK = Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 10)
const SUITS = 'CDHS'
const FACES = 'JQK'

// State per row: two hands of three numbers (sum with aces as 1, whether an ace is among them, cards), then the
// dealer's showing card, its suit and its face.
const PLAYER = 0
const DEALER = 3
const SHOWN = 6
const SUIT = 7
const FACE = 8
const SIZE = 9

export const blackjack = defineNativeEnv({
  id: 'Blackjack-v1',
  summary: 'Beat the dealer at blackjack with an infinite deck.',
  options: {
    sab: option.boolean({
      default: true,
      doc: "Sutton and Barto's rules: a natural wins against any other hand, and pays 1.",
    }),
    natural: option.boolean({
      default: false,
      doc: 'Whether winning with a natural pays 1.5.',
      inert: ({ sab }: { sab: boolean }) => (sab ? 'sab is true' : undefined),
    }),
  },
  layout: () => ({
    observationSpace: tuple([discrete(32), discrete(11), discrete(2)]),
    actionSpace: discrete(2),
    stateSize: SIZE,
  }),
  create: ({ state, actions, observations, rewards, terminated, random, options }) => {
    const { sab, natural } = options
    const action = actions[0]!.data as Int32Array
    const [sums, shown, usable] = observations.map(({ data }) => data as Int32Array) as [
      Int32Array,
      Int32Array,
      Int32Array,
    ]

    /** Adds a card to the hand whose sum, ace and count lie at `hand`, and returns it. */
    const draw = (row: number, hand: number): number => {
      const card = DECK[random[row]!.integers(13)]!
      state[hand] = state[hand]! + card
      if (card === 1) state[hand + 1] = 1
      state[hand + 2] = state[hand + 2]! + 1
      return card
    }
    const best = (hand: number) => state[hand]! + (state[hand + 1] === 1 && state[hand]! <= 11 ? 10 : 0)
    const score = (hand: number) => (best(hand) > 21 ? 0 : best(hand))
    const isNatural = (hand: number) => state[hand] === 11 && state[hand + 1] === 1 && state[hand + 2] === 2

    const observe = (row: number) => {
      const player = row * SIZE + PLAYER
      sums[row] = best(player)
      shown[row] = state[row * SIZE + SHOWN]!
      usable[row] = best(player) > state[player]! ? 1 : 0
    }
    return {
      reset(row) {
        const at = row * SIZE
        for (let i = 0; i < SIZE; i++) state[at + i] = 0
        state[at + SHOWN] = draw(row, at + DEALER)
        draw(row, at + DEALER)
        draw(row, at + PLAYER)
        draw(row, at + PLAYER)
        state[at + SUIT] = random[row]!.integers(4)
        state[at + FACE] = state[at + SHOWN] === 10 ? random[row]!.integers(3) : 0
        observe(row)
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          const player = row * SIZE + PLAYER
          const dealer = row * SIZE + DEALER
          if (action[row] === 1) {
            draw(row, player)
            const bust = best(player) > 21
            rewards[row] = bust ? -1 : 0
            terminated[row] = bust ? 1 : 0
          } else {
            while (best(dealer) < 17) draw(row, dealer)
            const lead = Math.sign(score(player) - score(dealer))
            if (sab && isNatural(player) && !isNatural(dealer)) rewards[row] = 1
            else rewards[row] = !sab && natural && isNatural(player) && lead === 1 ? 1.5 : lead
            terminated[row] = 1
          }
          observe(row)
        }
      },
      outcome: (row) => (rewards[row]! > 0 ? 1 : 0),
      render: (row) => {
        const at = row * SIZE
        const card = state[at + SHOWN]!
        const name = card === 1 ? 'A' : card === 10 ? FACES[state[at + FACE]!] : String(card)
        const ace = usable[row] === 1 ? ' with a usable ace' : ''
        return `dealer shows ${name}${SUITS[state[at + SUIT]!]}, player has ${sums[row]}${ace} in ${state[at + PLAYER + 2]} cards\n`
      },
    }
  },
})
