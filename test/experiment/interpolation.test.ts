import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ddim, ddpm, type Rule } from '../../src/diffusion/rule.ts'
import { strength, trailing } from '../../src/diffusion/spacing.ts'
import { interpolate } from '../../src/experiment/interpolate.ts'
import { interpolateImages } from '../../src/experiment/interpolate-images.ts'
import { lerp, slerp } from '../../src/experiment/mix.ts'
import { reconstruct } from '../../src/experiment/reconstruct.ts'
import { loop, path, plane, type Route } from '../../src/experiment/route.ts'
import { guided } from '../../src/model/guided.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { finalSnapshot } from '../../src/stream/snapshot.ts'
import { apart, gaussian, imagesOf, rowOf } from './bench.ts'

const { schedule } = gaussian
const seeds = [3, 8, 5, 9]

/** What a seed, a class and a weight come to by themselves. */
const alone = async (rule: Rule, seed: number, label: number, weight: number): Promise<readonly number[]> => {
  const { xt } = await finalSnapshot(
    respace(schedule, trailing(8)).pipe(
      denoise({
        model: guided({ weight })(gaussian),
        rule,
        noise: philox({ seed }),
        condition: { labels: [label] },
      }),
    ),
  )
  return rowOf(xt, 0)
}

const along = async (route: Route, points: number, rule: Rule = ddim(), steps = 8) => {
  const { xt } = await finalSnapshot(
    respace(schedule, trailing(steps)).pipe(
      interpolate({
        model: gaussian,
        rule,
        route,
        noise: seeds.slice(0, points).map((seed) => philox({ seed })),
        labels: [0, 1, 2, 0].slice(0, points),
        guidance: [1, 2, 1.5, 1].slice(0, points),
      }),
    ),
  )
  return xt
}

describe('interpolation between samples', () => {
  const places: ReadonlyArray<readonly [title: string, route: Route, at: readonly number[]]> = [
    ['a path', path(4), [0, 3, 6]],
    ['a loop', loop(4), [0, 3, 6]],
    ['a plane', plane(3, 2), [0, 2, 3, 5]],
  ]
  it.each(places)(
    'of %s meets its points: the samples of their seeds, classes and weights',
    async (_, route, at) => {
      for (const rule of [ddim(), ddpm()]) {
        const xt = await along(route, at.length, rule)
        for (const [point, row] of at.entries()) {
          const own = await alone(rule, seeds[point]!, [0, 1, 2, 0][point]!, [1, 2, 1.5, 1][point]!)
          expect(apart(rowOf(xt, row), own)).toBeLessThan(1e-12)
        }
      }
    },
  )

  it('is as smooth as its frames are many: twice as many, steps half as large', async () => {
    const largest = async (frames: number): Promise<number> => {
      const xt = await along(path(frames), 2)
      return Math.max(
        ...Array.from({ length: frames - 1 }, (_, row) => apart(rowOf(xt, row), rowOf(xt, row + 1))),
      )
    }
    const [few, more, many] = [await largest(9), await largest(17), await largest(33)]
    expect(few).toBeGreaterThan(0.01)
    expect(more / few).toBeGreaterThan(0.4)
    expect(more / few).toBeLessThan(0.6)
    expect(many / more).toBeGreaterThan(0.4)
    expect(many / more).toBeLessThan(0.6)
  })

  it('comes back where it began, in a loop', async () => {
    const xt = await along(loop(17), 3)
    const rows = xt.shape[0]!
    const steps = Array.from({ length: rows }, (_, row) => apart(rowOf(xt, row), rowOf(xt, (row + 1) % rows)))
    expect(steps.at(-1)).toBeLessThan(2 * Math.max(...steps.slice(0, -1)))
  })
})

describe('slerp', () => {
  const vector = fc
    .array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 5, maxLength: 5 })
    .map((all) => Float32Array.from(all))
  const length = (v: Float32Array): number => Math.hypot(...v)

  it('is a at 0, b at 1, and the same from the other end', () => {
    fc.assert(
      fc.property(vector, vector, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, share) => {
        expect(slerp(a, b, 0)).toBe(a)
        expect(slerp(a, b, 1)).toBe(b)
        expect(apart([...slerp(a, b, share)], [...slerp(b, a, 1 - share)])).toBeLessThan(1e-3)
      }),
    )
  })

  it('keeps lengths between those of its ends, where the straight line is shorter', () => {
    const [a, b] = [Float32Array.of(2, 0, 0), Float32Array.of(0, 2, 0)]
    for (const share of [0.1, 0.5, 0.9]) {
      expect(length(slerp(a, b, share))).toBeCloseTo(2, 6)
      expect(length(lerp(a, b, share))).toBeLessThan(1.9)
    }
  })
})

describe('interpolation between images', () => {
  const images = imagesOf(2)

  it.each([1, 0.5])('meets the reconstructions of the images, encoded to a depth of %d', async (depth) => {
    const spacing = strength(trailing(20), depth)
    const labels = [0, 2]
    const { xt } = await finalSnapshot(
      interpolateImages({ model: gaussian, spacing, route: path(5), labels }, images),
    )
    const whole = await finalSnapshot(
      reconstruct({ model: gaussian, spacing, condition: { labels } }, images),
    )
    expect(apart(rowOf(xt, 0), rowOf(whole.xt, 0))).toBeLessThan(1e-6)
    expect(apart(rowOf(xt, 4), rowOf(whole.xt, 1))).toBeLessThan(1e-6)
  })
})
