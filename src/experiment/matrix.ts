/**
 * One seed, many samplers: what a rule and a number of steps make of the same noise.
 */
import { concatMap, filter, from, map, type Observable } from 'rxjs'
import type { Values } from '../algebra/algebra.ts'
import type { Rule } from '../diffusion/rule.ts'
import type { Spacing } from '../diffusion/spacing.ts'
import { isLast } from '../diffusion/transition.ts'
import { denoise, type DenoiseConfig } from '../stream/denoise.ts'
import type { Frame } from '../stream/frame.ts'
import { respace } from '../stream/respace.ts'
import { snapshot } from '../stream/snapshot.ts'

/** Which samplers. */
export interface MatrixConfig<T> extends Omit<DenoiseConfig<T>, 'rule'> {
  /** The rows. */
  readonly rules: readonly Rule[]
  /** The columns. */
  readonly spacings: readonly Spacing[]
}

/** Which run of a matrix a frame belongs to. */
export interface Cell {
  readonly rule: Rule
  readonly spacing: Spacing
}

/** A run of a matrix: the frames of a sampler. */
export interface CellRun<T> extends Cell {
  readonly frames$: Observable<Frame<T>>
}

/**
 * The runs of a matrix, row by row: each rule with each spacing, all from the same x_T and noise
 * (arXiv:2010.02502, fig. 3 and 4). Nothing runs before its frames are subscribed to, and each sink fits each run.
 *
 * @param config - model, rules, spacings, noise; `condition`, `batch`, `clip`
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const cells = matrix({ model, rules: [ddim(), ddpm()], spacings: [10, 50].map((S) => trailing(S)), noise: philox({ seed: 7 }) })
 * expect(cells.map(({ rule, spacing }) => `${rule.name}, ${spacing.name}`)).toEqual([
 *   'ddim(eta 0), trailing(10)', 'ddim(eta 0), trailing(50)', 'ddpm(fixed-small), trailing(10)', 'ddpm(fixed-small), trailing(50)',
 * ])
 * ```
 */
export const matrix = <T>({ rules, spacings, ...config }: MatrixConfig<T>): ReadonlyArray<CellRun<T>> =>
  rules.flatMap((rule) =>
    spacings.map((spacing) => ({
      rule,
      spacing,
      frames$: respace(config.model.schedule, spacing).pipe(denoise({ ...config, rule })),
    })),
  )

/** What a run of a matrix came to. */
export interface CellImages extends Cell {
  /** `[rows, …shape]`. */
  readonly images: Values
}

/**
 * Runs a matrix, one cell after the other, and emits what each comes to.
 *
 *     finalImages(cells)   ---A---B---C---D|
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const cells = matrix({ model, rules: [ddim()], spacings: [10, 1000].map((S) => trailing(S)), noise: philox({ seed: 7 }) })
 * const [few, many] = await lastValueFrom(finalImages(cells).pipe(toArray()))
 * expect(Math.abs(few!.images.data[0]! - many!.images.data[0]!)).toBeLessThan(0.2)
 * ```
 */
export const finalImages = <T>(cells: ReadonlyArray<CellRun<T>>): Observable<CellImages> =>
  from(cells).pipe(
    concatMap(({ rule, spacing, frames$ }) =>
      frames$.pipe(
        filter(({ transition }) => isLast(transition)),
        snapshot(),
        map(({ xt }) => ({ rule, spacing, images: xt })),
      ),
    ),
  )
