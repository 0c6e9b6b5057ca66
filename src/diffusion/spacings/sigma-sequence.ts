/** What all sequences of σs have in common. */
import type * as t from 'io-ts'
import { numberIn } from '../../codecs.ts'
import { checkedCount, unusable } from './whole.ts'

/** The least and the most noise of a chain, as `σ = √(1/ᾱ − 1)`. */
export interface SigmaRange {
  /** Above 0. */
  readonly sigmaMin: number
  /** Above `sigmaMin`. */
  readonly sigmaMax: number
}

/**
 * The codecs of {@link SigmaRange}.
 *
 * @example
 * ```ts
 * expect(Object.keys(rangeSettings)).toEqual(['sigmaMin', 'sigmaMax'])
 * ```
 */
export const rangeSettings: t.Props = { sigmaMin: numberIn(0), sigmaMax: numberIn(0) }

/** A bent sequence's bend. */
export interface Rho {
  /** Above 0. */
  readonly rho?: number
}

/**
 * The codecs of {@link Rho}.
 *
 * @example
 * ```ts
 * expect(Object.keys(rhoSettings)).toEqual(['rho'])
 * ```
 */
export const rhoSettings: t.Props = { rho: numberIn(0) }

/**
 * Checks a bend.
 *
 * @throws SpacingInvalid for anything but a finite number above 0
 *
 * @example
 * ```ts
 * expect(() => checkedRho('karras', 0)).toThrow('rho is 0')
 * ```
 */
export const checkedRho = (name: string, rho: number): number => {
  if (!(rho > 0 && rho < Infinity)) throw unusable(name, `rho is ${String(rho)}, and it has to be above 0`)
  return rho
}

/**
 * S numbers from `sigmaMax` to `sigmaMin`, both exactly; one alone is `sigmaMax`.
 *
 * @param at - σ at a share of the way in `(0, 1)`
 * @throws SpacingInvalid for a count that is not a whole number above 0, or ends that are not `0 < min < max < ∞`
 *
 * @example
 * ```ts
 * const range = { sigmaMin: 1, sigmaMax: 3 }
 * expect(sigmaSequence('even', 3, range, (share) => 3 - 2 * share)).toEqual([3, 2, 1])
 * ```
 */
export const sigmaSequence = (
  name: string,
  count: number,
  { sigmaMin, sigmaMax }: SigmaRange,
  at: (share: number) => number,
): readonly number[] => {
  checkedCount(name, count)
  const falls = count === 1 ? sigmaMax >= sigmaMin : sigmaMax > sigmaMin
  if (!(sigmaMin > 0 && falls && sigmaMax < Infinity))
    throw unusable(
      name,
      `σ goes from ${String(sigmaMax)} to ${String(sigmaMin)}, and it has to fall and to stay above 0`,
    )
  return Array.from({ length: count }, (_, k) =>
    k === 0 ? sigmaMax : k === count - 1 ? sigmaMin : at(k / (count - 1)),
  )
}
