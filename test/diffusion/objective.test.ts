import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { vector64 } from '../../src/algebra/float64/vector.ts'
import { registerGradients } from '../../src/algebra/tfjs/gradients.ts'
import { linearCombination } from '../../src/algebra/tfjs/linear-combination.ts'
import { meanSquares, noised, residual } from '../../src/diffusion/objective.ts'
import { levelAt, linearSchedule } from '../../src/diffusion/schedule.ts'
import { minSnr } from '../../src/diffusion/weighting.ts'
import { useBackend } from '../support/tensorflow.ts'

const schedule = linearSchedule()
const levels = [10, 500, 990].map((t) => levelAt(schedule, t))
const shape = [3, 2]
const x0 = { shape, data: Float64Array.of(0.5, -1, 0.25, 0.75, -0.5, 1) }
const noise = { shape, data: Float64Array.of(1, -2, 0.5, 0.1, -0.3, 1.5) }
const output = { shape, data: Float64Array.of(0.9, -1.5, 0, 0.4, -0.7, 1.1) }

describe('the objective of a batch', () => {
  it('takes every row to a level of its own', () => {
    const { data } = vector64.combine(noised(levels)(x0, noise))
    const wanted = levels.flatMap(({ alphaBar }, row) =>
      [0, 1].map(
        (k) =>
          Math.sqrt(alphaBar) * x0.data[2 * row + k]! + Math.sqrt(1 - alphaBar) * noise.data[2 * row + k]!,
      ),
    )
    expect([...data]).toEqual(wanted)
  })

  it('weighs every row by its level', () => {
    const objective = { predicts: 'v_prediction', weighting: minSnr() } as const
    const losses = meanSquares(vector64.combine(residual(objective, levels)(x0, noise, output)))
    levels.forEach((level, row) => {
      const [signal, rest] = [Math.sqrt(level.alphaBar), Math.sqrt(1 - level.alphaBar)]
      const squares = [2 * row, 2 * row + 1].map(
        (k) => (signal * noise.data[k]! - rest * x0.data[k]! - output.data[k]!) ** 2,
      )
      expect(losses[row]).toBeCloseTo((minSnr()('v_prediction', level) * (squares[0]! + squares[1]!)) / 2, 12)
    })
  })

  it('leaves the image out where the noise is asked for, and its weight where it is one', () => {
    expect(residual({ predicts: 'epsilon' }, levels)('image', 'noise', 'output')).toEqual([
      [1, 'noise'],
      [-1, 'output'],
    ])
  })

  it('is 0 where no row counts, not nothing', () => {
    const terminal = [{ t: 999, alphaBar: 0 }]
    const objective = { predicts: 'v_prediction', weighting: minSnr() } as const
    const one = { shape: [1, 2], data: Float64Array.of(1, 2) }
    expect(meanSquares(vector64.combine(residual(objective, terminal)(one, one, one)))).toEqual([0])
  })
})

describe('on tensors', () => {
  beforeAll(async () => {
    await useBackend('cpu')
    registerGradients()
  })

  it('its mean square is differentiable: 2·w·(output − target)/n', async () => {
    const objective = { predicts: 'epsilon', weighting: minSnr() } as const
    const [image, z, said] = [x0, noise, output].map(({ data }) => tf.tensor2d([...data], [3, 2]))
    const loss = (out: tf.Tensor): tf.Scalar =>
      tf.mean(tf.square(linearCombination(residual(objective, levels)<tf.Tensor>(image!, z!, out))))
    const gradient = await tf.grad(loss)(said!).data()
    levels.forEach((level, row) => {
      for (const k of [2 * row, 2 * row + 1])
        expect(gradient[k]).toBeCloseTo(
          (2 * minSnr()('epsilon', level) * (output.data[k]! - noise.data[k]!)) / 6,
          6,
        )
    })
  })
})
