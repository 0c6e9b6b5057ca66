/**
 * Our own kernels for WebGPU, against the backend in plain JavaScript; on SwiftShader, so everything is small.
 */
import * as tf from '@tensorflow/tfjs-core'
import { lastValueFrom, of } from 'rxjs'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import type { Coefficient, Sum } from '../../src/algebra/algebra.ts'
import { tfjs } from '../../src/algebra/tfjs.ts'
import type { ClipMode } from '../../src/diffusion/clip.ts'
import { ddim } from '../../src/diffusion/rule.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { philox } from '../../src/noise/philox.ts'
import { orThrow } from '../../src/or-throw.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { describeOn } from '../support/engines.ts'
import { maxAbsDifference } from '../support/goldens.ts'

/** Numbers that look random. */
const waves = (shape: readonly number[], phase = 0): Float32Array =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
    Math.sin(12.9898 * (i + 1) + phase),
  )

const on = async (backend: 'cpu' | 'webgpu', f: () => readonly tf.Tensor[]) => {
  await tf.setBackend(backend)
  const before = tf.memory().numTensors
  const results = tf.tidy(() => [...f()])
  expect(tf.memory().numTensors).toBe(before + results.length)
  const read = await Promise.all(results.map(async (y) => ({ shape: y.shape, data: await y.data() })))
  tf.dispose(results)
  return read
}

/** The largest difference between the two backends, over all that a function makes. */
const apart = async (f: () => readonly tf.Tensor[]): Promise<number> => {
  const [wanted, found] = [await on('cpu', f), await on('webgpu', f)]
  expect(found.map(({ shape }) => shape)).toEqual(wanted.map(({ shape }) => shape))
  return Math.max(...wanted.map(({ data }, i) => maxAbsDifference(found[i]!.data, data)))
}

/** How many programs the device is given. */
const programs = () =>
  vi.spyOn(
    tf.backend() as unknown as { runWebGPUProgram: (program: object) => tf.TensorInfo },
    'runWebGPUProgram',
  )

describeOn('webgpu:software', 'kernels of our own', () => {
  beforeAll(async () => {
    await orThrow(openEngine('webgpu:software'))
    // images this small it would rather compute with before they have left
    tf.env().set('WEBGPU_CPU_FORWARD', false)
  })
  beforeEach(() => tf.setBackend('webgpu'))
  afterEach(() => {
    vi.restoreAllMocks()
  })

  const sum = (count: number, own: boolean): Sum<tf.Tensor> =>
    Array.from({ length: count }, (_, i): readonly [Coefficient, tf.Tensor] => [
      own ? [i + 0.5, 2 - i, -i] : 1.5 - i,
      tf.tensor(waves([3, 5, 5, 2], i), [3, 5, 5, 2]),
    ])

  it.each([1, 2, 3, 4, 6])('add %i vectors in one dispatch, clamped or not', async (count) => {
    for (const own of [false, true]) {
      expect(
        await apart(() => [tfjs.combine(sum(count, own)), tfjs.clamp(sum(count, own), -1, 0.5)]),
      ).toBeLessThan(4e-6)
      await tf.setBackend('webgpu')
      const run = programs()
      tf.tidy(() => tfjs.combine(sum(count, own)))
      tf.tidy(() => tfjs.clamp(sum(count, own), -1, 1))
      expect(run).toHaveBeenCalledTimes(2)
      vi.restoreAllMocks()
    }
  })

  it('add more vectors in parts', async () => {
    for (const own of [false, true])
      expect(await apart(() => [tfjs.combine(sum(13, own)), tfjs.clamp(sum(13, own), -9, 9)])).toBeLessThan(
        3e-5,
      )
  })

  it('add whole numbers, nothing at all, and what is not a number', async () => {
    const x = tf.tensor2d([[1], [2]], [2, 1], 'int32')
    expect(await tfjs.combine([[2, x]]).array()).toEqual([[2], [4]])
    expect(tfjs.combine([[2, tf.zeros([0, 3])]]).shape).toEqual([0, 3])
    expect(await tfjs.clamp([[2, tf.tensor1d([NaN, 1])]], -1, 1).array()).toEqual([NaN, 1])
  })

  it('have the gradients of the others', async () => {
    const f = (x: tf.Tensor, y: tf.Tensor): tf.Tensor =>
      tfjs.clamp(
        [
          [[2, 3, 0.5], tfjs.combine([[2, tf.square(x)]])],
          [-1, y],
        ],
        -1,
        1,
      )
    expect(
      await apart(() => tf.grads(f)([1, 2].map((phase) => tf.tensor(waves([3, 4], phase), [3, 4])))),
    ).toBeLessThan(1e-5)
  })

  const layer = (shape: readonly number[], phase = 0): tf.Tensor => tf.tensor(waves(shape, phase), [...shape])
  const norms = [
    [[2, 3, 5, 8], 4],
    [[3, 6, 8], 2],
    [[1, 17, 19, 12], 1],
    [[2, 3, 3, 4], 4],
  ] as const

  it.each(norms)('normalise %j in %i groups, and activate, in one dispatch', async (shape, groups) => {
    const [norm, channels] = [{ groups, eps: 1e-5 }, shape.at(-1)!]
    const f = (): tf.Tensor[] =>
      [tfjs.groupNorm, tfjs.groupNormSilu!].map((normalise) =>
        normalise(tf.add(layer(shape), 7), layer([channels], 1), layer([channels], 2), norm),
      )
    expect(await apart(f)).toBeLessThan(2e-5)
    await tf.setBackend('webgpu')
    const x = layer(shape)
    const run = programs()
    tf.dispose(tfjs.groupNormSilu!(x, layer([channels], 1), layer([channels], 2), norm))
    expect(run).toHaveBeenCalledTimes(1)
  })

  it('have the gradients of a norm and its activation', async () => {
    const f = (x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor): tf.Tensor =>
      tf.mul(tfjs.groupNormSilu!(x, scale, shift, { groups: 2, eps: 1e-5 }), layer([2, 3, 3, 4], 5))
    const slopes = () => tf.grads(f)([layer([2, 3, 3, 4]), layer([4], 1), layer([4], 2)])
    expect(await apart(slopes)).toBeLessThan(1e-5)
  })

  it.each([
    [[2, 9, 6], 2],
    [[1, 70, 8], 1],
    [[1, 130, 70], 1],
  ] as const)('attend to tokens %j with %i heads in one dispatch', async (shape, heads) => {
    const attend = (): tf.Tensor =>
      tfjs.attention(tf.mul(layer(shape), 5), layer(shape, 1), layer(shape, 2), heads)
    expect(await apart(() => [attend()])).toBeLessThan(1e-5)
    await tf.setBackend('webgpu')
    const [q, k, v] = [layer(shape), layer(shape, 1), layer(shape, 2)]
    const run = programs()
    tf.dispose(tfjs.attention(q, k, v, heads))
    expect(run).toHaveBeenCalledTimes(1)
  })

  it('have the gradients of attention', async () => {
    const shape = [2, 5, 6]
    const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor): tf.Tensor =>
      tf.mul(tfjs.attention(q, k, v, 2), layer(shape, 5))
    expect(await apart(() => tf.grads(f)([0, 1, 2].map((phase) => layer(shape, phase))))).toBeLessThan(1e-5)
  })

  it.each<[ClipMode, dispatches: readonly string[]]>([
    ['none', ['LinearCombination']],
    ['x0+eps', ['ClampedCombination', 'LinearCombination']],
  ])('make of a step that clips %s the dispatches %j', async (clip, dispatches) => {
    const said = tf.tensor(waves([2, 4, 4, 1]), [2, 4, 4, 1])
    const model = {
      algebra: tfjs,
      predicts: 'epsilon',
      schedule: linearSchedule(),
      shape: [4, 4, 1],
      range: 1,
      predict: () => of({ output: said.clone() }),
    } as const
    const run = programs()
    const frames$ = respace(model.schedule, trailing(3)).pipe(
      denoise({ model, rule: ddim({ eta: 1 }), clip, noise: philox({ seed: 7 }), batch: 2 }),
    )
    await lastValueFrom(frames$)
    const names = run.mock.calls.map(([program]) => program.constructor.name)
    // x_T is drawn first, and then a z for every step but the last
    const drawing = dispatches.toSpliced(-1, 0, 'PhiloxNormals')
    expect(names).toEqual(['PhiloxNormals', ...drawing, ...drawing, ...dispatches])
    said.dispose()
  })
})
