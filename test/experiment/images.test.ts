import { describe, expect, it } from 'vitest'
import { cleanLevel } from '../../src/diffusion/level.ts'
import { ddim, ddpm, type Rule } from '../../src/diffusion/rule.ts'
import { dpmpp2m } from '../../src/diffusion/solver.ts'
import { strength, trailing } from '../../src/diffusion/spacing.ts'
import { transitions } from '../../src/diffusion/transition.ts'
import { imageToImage, vary } from '../../src/experiment/image-to-image.ts'
import { inpaint, resampled } from '../../src/experiment/inpaint.ts'
import { boxUnknown, halfKnown, onlyKnown, type Side } from '../../src/experiment/mask.ts'
import { cellCaptions, matrixSheet, sheetColumns } from '../../src/experiment/matrix-sheet.ts'
import { matrix } from '../../src/experiment/matrix.ts'
import { reconstruct } from '../../src/experiment/reconstruct.ts'
import { still } from '../../src/experiment/still.ts'
import { orThrow } from '../../src/or-throw.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { finalSnapshot } from '../../src/stream/snapshot.ts'
import { apart, gaussian, imagesOf, PIXELS, rowOf } from './bench.ts'

const { schedule } = gaussian
const noise = philox({ seed: 7 })
const images = imagesOf(3)
const condition = { labels: [0, 1, 2] }
const flat = (values: { readonly data: ArrayLike<number> }): readonly number[] => Array.from(values.data)

describe('image to image', () => {
  const dreamt = async (share: number) => {
    const { xt } = await finalSnapshot(
      respace(schedule, strength(trailing(50), share)).pipe(
        imageToImage({ model: gaussian, rule: ddim(), noise, condition, images }),
      ),
    )
    return xt
  }

  it('keeps less of the images the stronger it is', async () => {
    const distances: number[] = []
    for (const share of [0.02, 0.2, 0.5, 1]) distances.push(apart(flat(await dreamt(share)), flat(images)))
    expect(distances).toEqual(distances.toSorted((a, b) => a - b))
    // one step near the clean end takes nearly nothing
    expect(distances[0]).toBeLessThan(0.2)
  })

  it('at strength 1 is nearly the plain sample of the seed', async () => {
    const plain = await finalSnapshot(
      respace(schedule, trailing(50)).pipe(
        denoise({ model: gaussian, rule: ddim(), noise, condition, batch: 3 }),
      ),
    )
    // √ᾱ_T of the images is left in x_T, and the model leads it further down
    expect(apart(flat(await dreamt(1)), flat(plain.xt))).toBeLessThan(0.01)
  })

  it('varies one image by the noise of each row', async () => {
    const one = { shape: [1, 2, 3, 1], data: images.data.slice(0, PIXELS) }
    const { xt } = await finalSnapshot(
      respace(schedule, strength(trailing(20), 0.5)).pipe(
        vary({ model: gaussian, rule: ddim(), noise, condition, image: one, batch: 3 }),
      ),
    )
    expect(apart(rowOf(xt, 0), rowOf(xt, 1))).toBeGreaterThan(0.01)
  })
})

describe('inpainting', () => {
  const masks = {
    half: halfKnown(images.shape, 'left'),
    box: boxUnknown(images.shape, { top: 0, left: 1, height: 1, width: 2 }),
  }
  const rules: ReadonlyArray<readonly [string, Rule]> = [
    ['ddim', ddim()],
    ['ddpm', ddpm()],
    ['dpmpp-2m', dpmpp2m()],
  ]
  it.each(rules)('by %s keeps what is known, and paints what is not, whatever is there', async (_, rule) => {
    for (const mask of Object.values(masks)) {
      const paint = async (given: typeof images) => {
        const { xt } = await finalSnapshot(
          respace(schedule, trailing(8)).pipe(
            inpaint({ model: gaussian, rule, noise, condition, images: given, mask, jump: 2, resample: 2 }),
          ),
        )
        return xt
      }
      const painted = await paint(images)
      const known = flat(mask).map((m) => m === 1)
      const keep = (all: readonly number[], which: boolean): readonly number[] =>
        all.filter((__, i) => known[i] === which)
      expect(apart(keep(flat(painted), true), keep(flat(images), true))).toBeLessThan(1e-5)
      expect(apart(keep(flat(painted), false), keep(flat(images), false))).toBeGreaterThan(0.05)
      const other = await paint(onlyKnown(images, mask))
      expect(apart(flat(other), flat(painted))).toBeLessThan(1e-12)
    }
  })

  it('goes S + ⌈(S − j)/j⌉·(n − 1)·j steps, down without a gap and up only by j', () => {
    const steps = orThrow(transitions(schedule, trailing(50)))
    for (const [jump, resample] of [
      [10, 10],
      [7, 3],
      [50, 4],
      [1, 2],
    ] as const) {
      const descents = resampled(steps, { jump, resample })
      const calls = descents.reduce((sum, { length }) => sum + length, 0)
      expect(calls).toBe(50 + Math.ceil((50 - jump) / jump) * (resample - 1) * jump)
      expect(descents[0]?.[0]).toBe(steps[0])
      expect(descents.at(-1)?.at(-1)?.to).toEqual(cleanLevel)
      for (const [k, descent] of descents.entries())
        if (k > 0) expect(steps.indexOf(descent[0]!) - steps.indexOf(descents[k - 1]!.at(-1)!)).toBe(1 - jump)
    }
  })
})

describe('masks', () => {
  it.each<readonly [Side, readonly number[]]>([
    ['left', [1, 0, 0, 1, 0, 0]],
    ['right', [0, 0, 1, 0, 0, 1]],
    ['top', [1, 1, 1, 0, 0, 0]],
    ['bottom', [0, 0, 0, 1, 1, 1]],
  ])('know the half on the %s, in every row and channel', (side, mask) => {
    expect([...halfKnown([2, 2, 3, 1], side).data]).toEqual([...mask, ...mask])
    expect([...halfKnown([1, 2, 3, 2], side).data]).toEqual(mask.flatMap((m) => [m, m]))
  })

  it('refuse a box that reaches out of the images', () => {
    expect(() => boxUnknown([1, 2, 3, 1], { top: 1, left: 0, height: 2, width: 1 })).toThrow(
      'the box reaches to 1×3, and images are 3×2 pixels',
    )
  })
})

describe('reconstruction', () => {
  it('errs less with more steps, as 1/S or better', async () => {
    const errors: number[] = []
    for (const count of [10, 20, 40, 80]) {
      const spacing = trailing(count)
      const { xt } = await finalSnapshot(reconstruct({ model: gaussian, spacing, condition }, images))
      errors.push(apart(flat(xt), flat(images)))
    }
    for (const [k, error] of errors.entries()) if (k > 0) expect(error).toBeLessThan(0.6 * errors[k - 1]!)
  })
})

describe('a matrix', () => {
  const rules = [ddim(), ddpm()]
  const spacings = [2, 5].map((count) => trailing(count))
  const cells = matrix({ model: gaussian, rules, spacings, noise, condition, batch: 3 })

  it('has in each cell what its rule and steps make of the seed', async () => {
    const { xt } = await finalSnapshot(matrixSheet(gaussian, cells))
    expect(xt.shape).toEqual([12, 2, 3, 1])
    const alone = await finalSnapshot(
      respace(schedule, trailing(5)).pipe(
        denoise({ model: gaussian, rule: ddpm(), noise, condition, batch: 3 }),
      ),
    )
    expect(apart(rowOf(xt, 3 * 3 + 1), rowOf(alone.xt, 1))).toBeLessThan(1e-6)
    expect(sheetColumns(cells, 3)).toBe(6)
  })

  it('is captioned briefly where that tells the rules apart', () => {
    expect(cellCaptions(cells, 1)).toEqual(['ddim 2', 'ddim 5', 'ddpm 2', 'ddpm 5'])
    const etas = [ddim(), ddim({ eta: 1 })].map((rule) => ({ rule, spacing: trailing(5) }))
    expect(cellCaptions(etas, 1)).toEqual(['ddim(eta 0) 5', 'ddim(eta 1) 5'])
  })
})

describe('still', () => {
  it('is the images themselves, and asks nobody', async () => {
    const silent = {
      ...gaussian,
      predict: () => {
        throw new Error('asked')
      },
    }
    const { xt, x0 } = await finalSnapshot(still(silent, images), { xt: true, x0: true })
    expect(apart(flat(xt), flat(images))).toBe(0)
    expect(apart(flat(x0), flat(images))).toBe(0)
  })
})
