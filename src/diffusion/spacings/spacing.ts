/**
 * A choice among the levels of a schedule.
 */
import type { Failure } from '../../failure.ts'
import type { E } from '../../fp.ts'
import type { Level } from '../level.ts'
import type { Schedule } from '../schedules/table.ts'

/** A way to pick the levels that a chain visits. */
export interface Spacing {
  /** How it was asked for, for people. */
  readonly name: string
  /** The levels of a schedule, in sampling order: from noise to image, ᾱ rising. */
  readonly levels: (schedule: Schedule) => E.Either<Failure, readonly Level[]>
}

/** A spacing of whole timesteps, which only T decides. */
export interface WholeSpacing extends Spacing {
  /** The timesteps of a schedule with T steps: whole, falling, each in `[0, T)`. */
  readonly timesteps: (trainedSteps: number) => E.Either<Failure, readonly number[]>
}
