/**
 * One step of a sampler, as an interval: from a level, to a level.
 *
 * Nobody ever recomputes "the previous timestep": who holds a transition holds both ends.
 */

/** Where `x` is on the way: the time `t` (real; −1 at the clean end) and `ᾱ`, the share of the image's variance that is left. */
export interface Level {
  readonly t: number
  /** `ᾱ_t = Π (1 − β)` up to and including t, in `[0, 1]`; the DDIM paper writes `α_t`. */
  readonly alphaBar: number
}

/** The end of every complete chain: no noise at all. */
export const cleanLevel: Level = { t: -1, alphaBar: 1 }

/** One step, from one level to the next. */
export interface Transition {
  /** 0 for the first step of the chain. */
  readonly index: number
  /** How many steps the chain has. */
  readonly count: number
  readonly from: Level
  readonly to: Level
  /** The time that the network is asked about; `from.t` except in inversion. */
  readonly at: number
}

/**
 * Whether this is the chain's last step. Noise that a rule would add beyond its formula is left out here:
 * by position, never by looking at t.
 */
export const isLast = (transition: Transition): boolean => transition.index === transition.count - 1
