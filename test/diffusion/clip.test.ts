import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { float64, type Values64 } from '../../src/algebra/float64.ts'
import { type Clip, clipEstimate, clipFor } from '../../src/diffusion/clip.ts'
import { sumOf } from '../../src/diffusion/sum.ts'
import { countingAlgebra } from '../support/counting-algebra.ts'
import { tfjs } from '../../src/algebra/tfjs.ts'
import { useBackend } from '../support/tensorflow.ts'

const level = { t: 500, alphaBar: 0.36 }
const rows = (...data: ReadonlyArray<readonly number[]>): Values64 => ({
  shape: [data.length, data[0]!.length],
  data: Float64Array.from(data.flat()),
})
/** x̂₀ and ε̂ after clipping, of x_t = 0 and an ε̂ of its own. */
const clipped = (clip: Clip, x0: Values64): { readonly x0: number[]; readonly eps: number[] } => {
  const [xt, eps] = [0, 7].map((value) => ({ ...x0, data: x0.data.map(() => value) }))
  const { estimate } = clipEstimate(float64, clip, level)(sumOf(xt!), { x0: sumOf(x0), eps: sumOf(eps!) })
  return { x0: [...float64.combine(estimate.x0).data], eps: [...float64.combine(estimate.eps).data] }
}
const values = fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 6, maxLength: 6 })

describe('clipEstimate by a threshold', () => {
  const threshold = { mode: 'threshold', range: 1, ratio: 0.5 } as const

  it('scales every sample by its own quantile, and leaves alone what fits', () => {
    expect(clipped(threshold, rows([-1, 2, 8], [0.1, -0.5, 4], [3, 3, 0])).x0).toEqual([
      ...[-0.5, 1, 1],
      ...[0.1, -0.5, 1],
      ...[1, 1, 0],
    ])
  })

  it('keeps to the range what has overflowed in float32', async () => {
    await useBackend('cpu')
    const x0 = tfjs.fromValues({ shape: [1, 4], data: Float32Array.of(1e36, -1e36, 0.5, 3e35) })
    const eps = tfjs.fromValues({ shape: [1, 4], data: new Float32Array(4) })
    const estimate = { x0: [[1e4, x0] as const], eps: sumOf(eps) }
    const { made } = clipEstimate(tfjs, threshold, level)(sumOf(eps), estimate)
    const found = await tfjs.toValues(made[0]!)
    expect([...found.data].map((value) => Math.abs(value) <= 1)).toEqual([true, true, true, true])
    ;[x0, eps, ...made].forEach(tfjs.dispose)
  })

  it('takes the quantile for no more than the largest', () => {
    expect(clipped({ ...threshold, largest: 1.6 }, rows([-0.8, 2, 8])).x0).toEqual([-0.5, 1, 1])
  })

  it('is plain clipping where the largest is the range, diffusers’ default', () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0.1, max: 3, noNaN: true }), (x0, range) => {
        const plain = clipped({ mode: 'x0', range }, rows(x0)).x0
        const found = clipped({ mode: 'threshold', range, largest: range }, rows(x0)).x0
        found.forEach((value, k) => expect(value).toBeCloseTo(plain[k]!, 12))
      }),
    )
  })

  it('fills other ranges likewise', () => {
    fc.assert(
      fc.property(values, (x0) => {
        const one = clipped({ ...threshold, largest: 3 }, rows(x0)).x0
        const [twice, large] = [rows(x0.map((v) => 2 * v)), { ...threshold, range: 2, largest: 6 }]
        expect(clipped(large, twice).x0).toEqual(one.map((v) => 2 * v))
      }),
    )
  })

  it('keeps ε̂, or makes it follow', () => {
    expect(clipped(threshold, rows([-1, 2, 8])).eps).toEqual([7, 7, 7])
    const { x0, eps } = clipped({ ...threshold, mode: 'threshold+eps' }, rows([-1, 2, 8]))
    eps.forEach((value, k) => expect(value).toBeCloseTo((0 - 0.6 * x0[k]!) / 0.8, 14))
  })

  it('makes one tensor, and keeps no other', () => {
    for (const range of [1, 2]) {
      const { algebra, alive, faults } = countingAlgebra()
      const x0 = algebra.fromValues(rows([-1, 2, 8]))
      const { made } = clipEstimate(algebra, { ...threshold, range }, level)([], { x0: sumOf(x0), eps: [] })
      expect([made.length, alive()]).toEqual([1, 2])
      ;[x0, ...made].forEach(algebra.dispose)
      expect([alive(), faults]).toEqual([0, []])
    }
  })
})

describe('clipFor', () => {
  it('takes the model’s range unless it is told another', () => {
    expect(clipFor('threshold', 2)).toEqual({ mode: 'threshold', range: 2 })
    expect(clipFor({ mode: 'x0', range: 3 }, 2)).toEqual({ mode: 'x0', range: 3 })
    expect(clipFor(undefined, 2).mode).toBe('x0+eps')
    expect(clipFor(undefined, undefined).mode).toBe('none')
    expect(clipFor('none', 2).mode).toBe('none')
  })

  it.each([
    { mode: 'x0', range: 0 },
    { mode: 'x0', range: -1 },
    { mode: 'x0+eps', range: NaN },
    { mode: 'threshold', range: Infinity },
    { mode: 'threshold', range: 1, ratio: 1.1 },
    { mode: 'threshold', range: 1, ratio: NaN },
    { mode: 'threshold+eps', range: 1, largest: 0.9 },
    { mode: 'threshold+eps', range: 1, largest: NaN },
  ] as const)('refuses %o, and so does clipEstimate', (clip) => {
    const refused = expect.objectContaining({ _tag: 'ClipInvalid', clip: clip.mode }) as Error
    expect(() => clipFor(clip, undefined)).toThrow(refused)
    expect(() => clipEstimate(float64, clip, level)).toThrow(refused)
  })
})
