/**
 * A noise schedule as a table: β and ᾱ of all T timesteps.
 */
import type * as t from 'io-ts'
import { checkArgument, type Expected } from '../../arguments.ts'
import { oneOf, wholeFrom } from '../../codecs.ts'
import { fail } from '../../failure.ts'
import { knownName } from '../../known-name.ts'

/** Float64 throughout, or the tables that PyTorch gives diffusers: computed and rounded as it does. */
export type Precision = (typeof precisions)[number]

const precisions = ['f64', 'f32'] as const

/** A law for ᾱ between the timesteps of a table, and its inverse. */
export interface Continuation {
  /** ᾱ at a real t from −1, the clean end, to T − 1. */
  readonly alphaBarAt: (t: number) => number
  /** The t at which √(1/ᾱ − 1) is σ. */
  readonly tAt: (sigma: number) => number
}

/** How much noise each of T timesteps adds. */
export interface Schedule {
  /** How it was made, for people. */
  readonly name: string
  /** T, the number of timesteps that a network was trained on. */
  readonly trainedSteps: number
  /** How the tables were rounded; `f64` unless said. */
  readonly precision?: Precision
  /** β_t, the variance that step t adds, in `(0, 1]`; 1 only in the last place. */
  readonly betas: Float64Array
  /** ᾱ_t, the product of all 1 − β up to t: strictly falling, in `[0, 1)`; 0 only in the last place. */
  readonly alphaBars: Float64Array
  /** What ᾱ is between timesteps; log σ is interpolated unless a schedule knows better. */
  readonly continuation?: Continuation
}

/** What every kind of schedule can be asked for. */
export interface TableOptions {
  /** T, from 1 to 10⁶; 1000 unless said. */
  readonly trainedSteps?: number
  /** `f64` unless said. */
  readonly precision?: Precision
}

/**
 * The codecs of {@link TableOptions}, which every kind of schedule takes.
 *
 * @example
 * ```ts
 * expect(Object.keys(tableSettings)).toEqual(['trainedSteps', 'precision'])
 * ```
 */
export const tableSettings: t.Props = {
  trainedSteps: wholeFrom(1, 1e6),
  precision: oneOf(...precisions),
}

/**
 * How numbers of a precision are rounded.
 *
 * @throws NameUnknown for a precision that there is not
 *
 * @example
 * ```ts
 * expect(rounding('f32')(0.1)).toBe(Math.fround(0.1))
 * ```
 */
export const rounding = (precision: Precision): ((value: number) => number) =>
  knownName('precision', precisions, precision) === 'f32' ? Math.fround : (value) => value

const listOfNumbers: Expected = {
  name: 'a list of numbers',
  is: (value) => Array.isArray(value) || ArrayBuffer.isView(value),
}

const invalid = (reason: string): Error => fail('ScheduleInvalid', { reason })

/**
 * Checks T.
 *
 * @throws ScheduleInvalid for anything but a whole number from 1 to 10⁶
 *
 * @example
 * ```ts
 * expect(() => checkedSteps(2.5)).toThrow('T is 2.5')
 * ```
 */
export const checkedSteps = (trainedSteps: number): number => {
  if (!Number.isInteger(trainedSteps) || trainedSteps < 1 || trainedSteps > 1e6)
    throw invalid(`T is ${String(trainedSteps)}, and it has to be a whole number from 1 to 1000000`)
  return trainedSteps
}

/** Refuses a ᾱ that does not fall: where nothing changes, or all is noise already, a step would divide 0 by 0. */
const checkedFall = (alphaBars: Float64Array): Float64Array => {
  alphaBars.forEach((alphaBar, t) => {
    const before = t === 0 ? 1 : alphaBars[t - 1]!
    if (!(alphaBar >= 0 && alphaBar < before))
      throw invalid(`ᾱ does not fall at t = ${String(t)}: ${String(alphaBar)} follows ${String(before)}`)
  })
  return alphaBars
}

/**
 * A schedule from its βs: `ᾱ_t = Π (1 − β_s), s ≤ t` — arXiv:2006.11239, sec. 2.
 *
 * @remarks
 * In `f32` each 1 − β is rounded, and so is each ᾱ, but not the product that goes on: so does PyTorch's `cumprod`.
 *
 * @param betas - one per timestep, each in `(0, 1]`
 * @param name - what to call it
 * @param precision - `f64` unless said
 * @throws ScheduleInvalid for an empty list, a β outside `(0, 1]`, or βs so small or so many that ᾱ no longer falls
 *
 * @example
 * ```ts
 * expect([...scheduleFromBetas([0.5, 0.5]).alphaBars]).toEqual([0.5, 0.25])
 * ```
 */
export const scheduleFromBetas = (
  betas: ArrayLike<number>,
  name = 'betas',
  precision: Precision = 'f64',
): Schedule => {
  checkArgument('betas', listOfNumbers, betas)
  const round = rounding(precision)
  const own = Float64Array.from(betas, round)
  if (own.length === 0) throw invalid('it has no timesteps')
  const alphaBars = new Float64Array(own.length)
  let product = 1
  own.forEach((beta, t) => {
    if (!(beta > 0 && beta <= 1)) throw invalid(`β is ${String(beta)} at t = ${String(t)}, outside (0, 1]`)
    product *= round(1 - beta)
    alphaBars[t] = round(product)
  })
  return { name, trainedSteps: own.length, precision, betas: own, alphaBars: checkedFall(alphaBars) }
}

/**
 * A schedule from its ᾱs: `β_t = 1 − ᾱ_t/ᾱ_{t−1}`, and `β_0 = 1 − ᾱ_0`.
 *
 * @remarks
 * In `f32`, ᾱ is made of those βs again, as diffusers does it.
 *
 * @param alphaBars - one per timestep, strictly falling, in `[0, 1)`
 * @param name - what to call it
 * @param precision - `f64` unless said
 * @throws ScheduleInvalid for an empty list, or one that does not fall from below 1 to 0 or more
 *
 * @example
 * ```ts
 * expect([...scheduleFromAlphaBars([0.5, 0.25]).betas]).toEqual([0.5, 0.5])
 * ```
 */
export const scheduleFromAlphaBars = (
  alphaBars: ArrayLike<number>,
  name = 'alpha-bars',
  precision: Precision = 'f64',
): Schedule => {
  checkArgument('alphaBars', listOfNumbers, alphaBars)
  const round = rounding(precision)
  const own = checkedFall(Float64Array.from(alphaBars, round))
  if (own.length === 0) throw invalid('it has no timesteps')
  const betas = own.map((alphaBar, t) => round(1 - (t === 0 ? alphaBar : round(alphaBar / own[t - 1]!))))
  return precision === 'f32'
    ? scheduleFromBetas(betas, name, precision)
    : { name, trainedSteps: own.length, precision, betas, alphaBars: own }
}
