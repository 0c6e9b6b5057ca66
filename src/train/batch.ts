/**
 * What an update learns from.
 */
import type { Values } from '../algebra/algebra.ts'
import type { Failure } from '../failure.ts'
import type { TE } from '../fp.ts'

/** Images, and their classes. */
export interface Examples {
  /** `[rows, …shape]`, in `[−1, 1]` where the model has a range. */
  readonly images: Values
  /** One per row, where the model knows classes. */
  readonly labels?: readonly number[]
}

/** Examples that are read when it is their turn, so that none wait in memory. */
export type Batch = TE.TaskEither<Failure, Examples>
