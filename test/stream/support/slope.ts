/**
 * A model whose calls are counted, on an algebra that keeps books: each row is scaled by its time.
 */
import { of } from 'rxjs'
import { linearSchedule } from '../../../src/diffusion/schedule.ts'
import type { Denoiser } from '../../../src/model/denoiser.ts'
import { type Books, countingAlgebra, type Counted } from '../../support/counting-algebra.ts'

/** The model, its books, and how many rows each call had. */
export interface Slope {
  readonly model: Denoiser<Counted>
  readonly books: Books
  readonly calls: readonly number[]
}

/** Makes one. */
export const slope = (): Slope => {
  const books = countingAlgebra()
  const calls: number[] = []
  const model: Denoiser<Counted> = {
    algebra: books.algebra,
    predicts: 'epsilon',
    schedule: linearSchedule(),
    shape: [3],
    predict: (x, t) => {
      calls.push(t.length)
      return of({ output: books.algebra.combine([[t.map((each) => each / 1500), x]]) })
    },
  }
  return { model, books, calls }
}
