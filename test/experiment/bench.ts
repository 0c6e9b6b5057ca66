/**
 * A model with the exact score, of small images: each pixel of class c is normal around a mean of its own.
 */
import { float64, type Values64 } from '../../src/algebra/float64.ts'
import type { Values } from '../../src/algebra/algebra.ts'
import { levelAt } from '../../src/diffusion/schedule.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { denoiserOf } from '../../src/model/denoiser-of.ts'

/** What the model's pixels spread by. */
const DEVIATION = 0.3
/** Pixels of an image, `[2, 3, 1]`. */
export const PIXELS = 6

/** Where the pixels of a class lie; the last stands for none. */
export const meanOf = (label: number, pixel: number): number =>
  label === 3 ? 0 : 0.5 * Math.sin(1 + 3 * label + pixel)

const schedule = linearSchedule()

/** E[ε | x_t], pixel by pixel. */
export const gaussian: Denoiser<Values64> = denoiserOf(
  {
    algebra: float64,
    predicts: 'epsilon',
    schedule,
    shape: [2, 3, 1],
    labels: { count: 4, names: ['sun', 'moon', 'star'], unconditional: 3 },
  },
  ({ shape, data }: Values, t, { labels = [] }) => ({
    shape,
    data: data.map((x, i) => {
      const row = Math.floor(i / PIXELS)
      const { alphaBar } = levelAt(schedule, t[row] ?? 0)
      const signal = Math.sqrt(alphaBar)
      const mean = meanOf(labels[row] ?? 3, i % PIXELS)
      return (Math.sqrt(1 - alphaBar) * (x - signal * mean)) / (alphaBar * DEVIATION ** 2 + 1 - alphaBar)
    }),
  }),
)

/** One row of a batch. */
export const rowOf = ({ data }: Values, row: number): readonly number[] => [
  ...data.slice(row * PIXELS, (row + 1) * PIXELS),
]

/** The largest absolute difference. */
export const apart = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((x, i) => Math.abs(x - (b[i] ?? NaN))))

/** Some images in `[−1, 1]`. */
export const imagesOf = (rows: number): Values => ({
  shape: [rows, 2, 3, 1],
  data: Float32Array.from({ length: rows * PIXELS }, (_, i) => Math.sin(7 * i)),
})
