/**
 * A matrix as one picture: all its images, cell by cell.
 */
import { concatMap, map, type Observable, toArray } from 'rxjs'
import { stackRows } from '../algebra/stack-rows.ts'
import type { Denoiser } from '../model/denoiser.ts'
import type { Frame } from '../stream/frame.ts'
import { type Cell, type CellRun, finalImages } from './matrix.ts'
import { still } from './still.ts'

/**
 * Runs the cells of a matrix, and emits the images of all as one frame, see {@link still}.
 *
 *     matrixSheet(model, cells)   ------------(F|)
 *
 * @param model - of which the images are
 * @param cells - those of {@link matrix}
 *
 * @example
 * ```ts
 * const model = denoiserOf({ algebra: float64, predicts: 'sample', schedule: linearSchedule(), shape: [1] }, (x) => x)
 * const spacings = [2, 4].map((S) => trailing(S))
 * const cells = matrix({ model, rules: [ddim(), ddpm()], spacings, noise: philox({ seed: 7 }), batch: 3 })
 * expect((await finalSnapshot(matrixSheet(model, cells))).xt.shape).toEqual([12, 1])
 * ```
 */
export const matrixSheet = <T>(model: Denoiser<T>, cells: ReadonlyArray<CellRun<T>>): Observable<Frame<T>> =>
  finalImages(cells).pipe(
    toArray(),
    map((all) => stackRows(all.map(({ images }) => images))),
    concatMap((images) => still(model, images)),
  )

/**
 * A caption for each image of a {@link matrixSheet}: the rule, as briefly as tells it from the others, and the number of steps.
 *
 * @param cells - those of {@link matrix}
 * @param rows - how many images each has
 *
 * @example
 * ```ts
 * expect(cellCaptions([{ rule: ddim(), spacing: trailing(20) }], 2)).toEqual(['ddim 20', 'ddim 20'])
 * ```
 */
export const cellCaptions = (cells: readonly Cell[], rows: number): readonly string[] => {
  const brief = (name: string): string => name.replace(/\(.*$/s, '')
  const names = [...new Set(cells.map(({ rule }) => rule.name))]
  const tellsApart = new Set(names.map(brief)).size === names.length
  return cells.flatMap(({ rule, spacing }) => {
    const count = /\d+/.exec(spacing.name)?.[0] ?? spacing.name
    return Array.from({ length: rows }, () => `${tellsApart ? brief(rule.name) : rule.name} ${count}`)
  })
}

/**
 * How many images of a {@link matrixSheet} stand in a row: those of one rule.
 *
 * @param cells - those of {@link matrix}
 * @param rows - how many images each has
 *
 * @example
 * ```ts
 * const [rule, other] = [ddim(), ddpm()]
 * const [few, many] = [trailing(5), trailing(50)]
 * const cells = [rule, other].flatMap((rule) => [few, many].map((spacing) => ({ rule, spacing })))
 * expect(sheetColumns(cells, 3)).toBe(6)
 * ```
 */
export const sheetColumns = (cells: readonly Cell[], rows: number): number =>
  rows * cells.filter(({ rule }) => rule === cells[0]?.rule).length
