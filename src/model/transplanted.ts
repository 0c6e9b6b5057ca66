/**
 * Networks that live in other coordinates: they see x scaled, are told of time in their own way, and what they answer has
 * to be mixed with x.
 */
import { defer, finalize, map, type ObservableInput } from 'rxjs'
import type { Level } from '../diffusion/level.ts'
import { levelAt } from '../diffusion/schedule.ts'
import { ask } from './ask.ts'
import type { Condition, Denoiser, PredictOptions, Prediction } from './denoiser.ts'
import { openScope } from './scope.ts'

/** A network in its own coordinates: a batch, a time for each row as it knows it, and what each row is to be. */
export type ForeignNetwork<T> = (
  x: T,
  time: readonly number[],
  condition: Condition,
  options: PredictOptions,
) => ObservableInput<Prediction<T>>

/** How coordinates follow from a level. */
export interface Coordinates {
  /** What x is multiplied by on its way in. */
  readonly input: (level: Level) => number
  /** What the network is told of time. */
  readonly time: (level: Level) => number
  /** How much of the answer is in the prediction; 1 unless said. */
  readonly output?: (level: Level) => number
  /** How much of x is in it; 0 unless said. */
  readonly skip?: (level: Level) => number
}

const one = (): number => 1
const none = (): number => 0

/**
 * A denoiser that asks a network in the network's own coordinates.
 *
 * @param model - all but the asking; what it predicts is `output·answer + skip·x`
 * @param network - the network; the x that it is given stays alive until its answer, and until work ends that it gives to `waitUntil`
 * @param coordinates - row by row
 *
 * @example
 * ```ts
 * const schedule = linearSchedule()
 * const halved = transplanted<number>(
 *   { algebra: numbers, predicts: 'epsilon', schedule, shape: [] },
 *   (x, [time = 0]) => of({ output: x + time }),
 *   { input: () => 0.5, time: ({ t }) => t / 1000, skip: () => 10 },
 * )
 * const { output } = await firstValueFrom(ask(halved, { x: 4, t: [500], condition: {} }))
 * expect(output).toBe(2 + 0.5 + 40)
 * ```
 */
export const transplanted = <T>(
  model: Omit<Denoiser<T>, 'predict'>,
  network: ForeignNetwork<T>,
  { input, time, output = one, skip = none }: Coordinates,
): Denoiser<T> => {
  const { algebra, schedule } = model
  const inside: Denoiser<T> = { ...model, predict: network }
  return {
    ...model,
    predict: (x, t, condition, { waitUntil }) =>
      defer(() => {
        const levels = t.map((each) => levelAt(schedule, each))
        const made = openScope(algebra, waitUntil)
        const moved = made.of(algebra.combine([[levels.map(input), x]]))
        return ask(inside, { x: moved, t: levels.map(time), condition }, made.waitUntil).pipe(
          map((prediction) => {
            const mixed = algebra.combine([
              [levels.map(output), prediction.output],
              [levels.map(skip), x],
            ])
            algebra.dispose(prediction.output)
            return { ...prediction, output: mixed }
          }),
          finalize(made.close),
        )
      }),
  }
}
