/**
 * A point on the way from noise to image at which something is to change, by whichever quantity says where it is.
 */
import { aNumber, shown } from '../arguments.ts'
import { numberIn } from '../codecs.ts'
import { isRecord } from '../json.ts'
import { cleanLevel, type Level } from './level.ts'
import type { Transition } from './transition.ts'

/**
 * A level to be reached: by time, by ᾱ, or by the natural logarithm of the signal-to-noise ratio, `log(ᾱ/(1−ᾱ))`.
 */
export type Mark = { readonly t: number } | { readonly alphaBar: number } | { readonly logSnr: number }

/** How far from each other two ᾱ may be and mean the same: who computed a mark himself may be a rounding off. */
const ROUNDING = 1e-12

/** Where a level lies on the mark's scale, where the mark lies, and how far off is still there; noise below, image above. */
const onScale = (mark: Mark, { t, alphaBar }: Level): readonly [number, number, number] => {
  if ('t' in mark) return [-t, -mark.t, 0]
  const target = 'alphaBar' in mark ? mark.alphaBar : 1 / (1 + Math.exp(-mark.logSnr))
  return [alphaBar, target, ROUNDING * target]
}

/**
 * Whether a chain has reached a mark when it is at this level: at the mark or beyond, in the direction of the step.
 *
 * @param mark - what is to be reached
 * @param transition - the step that says which way the chain goes: to less noise, or, in an inversion, to more
 * @param level - where the chain is, one of the step's ends
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 900, alphaBar: 0.1 }, to: { t: 400, alphaBar: 0.5 }, at: 900 }
 * expect(hasReached({ t: 500 }, step, step.from)).toBe(false)
 * expect(hasReached({ t: 500 }, step, step.to)).toBe(true)
 * expect(hasReached({ logSnr: 0 }, step, step.to)).toBe(true)
 * ```
 */
export const hasReached = (mark: Mark, { from, to }: Transition, level: Level): boolean => {
  const [here, there, slack] = onScale(mark, level)
  return to.alphaBar < from.alphaBar ? here <= there + slack : here >= there - slack
}

/** What a mark can be, by its scale. */
const bounds = [
  // the clean end is at −1
  { scale: 't', is: numberIn(cleanLevel.t).is, hasTo: 'be a number from −1' },
  { scale: 'alphaBar', is: numberIn(0, 1).is, hasTo: 'lie between 0 and 1' },
  {
    scale: 'logSnr',
    is: (value: unknown) => aNumber.is(value) && !Number.isNaN(value),
    hasTo: 'be a number',
  },
] as const

/**
 * What is wrong with a mark, as the end of a sentence; nothing where it is sound.
 *
 * @param mark - the t of a level, from −1, ᾱ in `[0, 1]`, or a log-SNR, which may be infinite
 *
 * @example
 * ```ts
 * expect(flawOfMark({ alphaBar: 0.5 })).toBeUndefined()
 * expect(flawOfMark({ alphaBar: 2 })).toBe('alphaBar is 2, and has to lie between 0 and 1')
 * ```
 */
export const flawOfMark = (mark: Mark): string | undefined => {
  const given: unknown = mark
  const said = isRecord(given)
    ? bounds.flatMap((bound) => (bound.scale in given ? [{ ...bound, value: given[bound.scale] }] : []))
    : []
  const [only, ...others] = said
  if (only === undefined || others.length > 0) return 'a level is said by one of t, alphaBar and logSnr'
  const { scale, value, is, hasTo } = only
  return is(value) ? undefined : `${scale} is ${shown(value)}, and has to ${hasTo}`
}
