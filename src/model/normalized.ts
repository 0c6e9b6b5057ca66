/**
 * Networks that learned from data in another range than `[−1, 1]`.
 *
 * With data y = h·x + c, the network's process y_t = √ᾱ·y₀ + √(1−ᾱ)·ε is y_t = k·x_t + √ᾱ·c, where x_t is a
 * variance-preserving process of its own, with ᾱ' = h²·ᾱ/k² and k² = h²·ᾱ + 1 − ᾱ: the same signal among the same noise.
 */
import {
  catchError,
  defer,
  EMPTY,
  finalize,
  from,
  ignoreElements,
  lastValueFrom,
  map,
  type ObservableInput,
} from 'rxjs'
import type { Coefficient, Sum, VectorAlgebra } from '../algebra/algebra.ts'
import { sizeOf } from '../algebra/shape.ts'
import { type DataRange, measure, rangedSchedule } from '../diffusion/ranged-schedule.ts'
import { levelAt } from '../diffusion/schedule.ts'
import { ask } from './ask.ts'
import type { Denoiser } from './denoiser.ts'

/** `Σ cᵢ·vᵢ + c·u`, with u a vector of ones shaped like the others. */
const affine = <T>(algebra: VectorAlgebra<T>, sum: Sum<T>, offset: Coefficient): T => {
  const [like] = sum.map(([, vector]) => vector)
  if (like === undefined || offset === 0) return algebra.combine(sum)
  const shape = algebra.shape(like)
  const ones = algebra.fromValues({ shape, data: new Float64Array(sizeOf(shape)).fill(1) })
  try {
    return algebra.combine([...sum, [offset, ones]])
  } finally {
    algebra.dispose(ones)
  }
}

/** Disposes of a value at the end, and not before work that still reads it. */
const lease = (dispose: () => void) => {
  let busy = 1
  const end = (): void => {
    busy -= 1
    if (busy === 0) dispose()
  }
  return {
    end,
    /** Work as one that ends after the value may go. */
    hold: (work: ObservableInput<unknown>): Promise<void> => {
      busy += 1
      const end$ = from(work).pipe(
        ignoreElements(),
        // whoever asked learns of an error; here only the end matters
        catchError(() => EMPTY),
      )
      return lastValueFrom(end$, { defaultValue: undefined }).then(end)
    },
  }
}

/**
 * A model of data in some range as one of data in `[−1, 1]`, which is what samplers clip to and pictures show.
 *
 * @remarks
 * Nothing is approximated: a chain of DDIM or DDPM visits the same images as one in the network's own range. Data in a
 * range of another width than 2 stand out against the noise differently, so the schedule changes; its T does not.
 *
 * @param range - where the network's data lie
 * @returns an endomorphism of denoisers
 * @throws ScheduleInvalid for a range that is empty
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 0.75, deviation: 0.01 }])
 * const { output } = await firstValueFrom(ask(normalized([0, 1])(model), { x: 0.5, t: [0], condition: {} }))
 * expect(output).toBeCloseTo(0, 1)
 * ```
 */
export const normalized = (range: DataRange): (<T>(model: Denoiser<T>) => Denoiser<T>) => {
  const { half, centre } = measure(range)

  return <T>(model: Denoiser<T>): Denoiser<T> => {
    const { algebra, schedule, predicts, decode } = model
    if (half === 1 && centre === 0) return { ...model, range: 1 }

    const back = (x: T): T => affine(algebra, [[half, x]], centre)

    return {
      ...model,
      schedule: rangedSchedule(range)(schedule),
      range: 1,
      ...(decode === undefined
        ? {}
        : {
            decode: (x) =>
              defer(() => {
                const y = back(x)
                return from(decode(y)).pipe(finalize(() => algebra.dispose(y)))
              }),
          }),
      predict: (x, t, condition, { waitUntil }) =>
        defer(() => {
          const levels = t.map((each) => {
            const { alphaBar } = levelAt(schedule, each)
            const [a, s] = [Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar)]
            return { a, s, k: Math.hypot(half * a, s) }
          })
          const each = (f: (level: (typeof levels)[number]) => number): readonly number[] => levels.map(f)
          const yt = affine(
            algebra,
            [[each(({ k }) => k), x]],
            centre === 0 ? 0 : each(({ a }) => a * centre),
          )
          const leased = lease(() => algebra.dispose(yt))
          const convert = (output: T): T => {
            switch (predicts) {
              case 'epsilon':
                return output
              case 'sample':
                return affine(algebra, [[1 / half, output]], -centre / half)
              case 'v_prediction':
                // v' = √ᾱ'·ε − √(1−ᾱ')·x₀, with ε = √ᾱ·v + √(1−ᾱ)·y_t and x₀ = (√ᾱ·y_t − √(1−ᾱ)·v − c)/h
                return affine(
                  algebra,
                  [
                    [each(({ k }) => k / half), output],
                    [each(({ a, s, k }) => (a * s * (half - 1 / half)) / k), yt],
                  ],
                  each(({ s, k }) => (s * centre) / (k * half)),
                )
            }
          }
          const hold = (work: ObservableInput<unknown>): void => {
            const ended = leased.hold(work)
            waitUntil?.(ended)
          }
          return ask(model, { x: yt, t, condition }, hold).pipe(
            map((prediction) => {
              const output = convert(prediction.output)
              if (output !== prediction.output) algebra.dispose(prediction.output)
              return { ...prediction, output }
            }),
            finalize(leased.end),
          )
        }),
    }
  }
}
