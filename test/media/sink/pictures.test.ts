import { lastValueFrom, map, of, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { float64, type Values64 } from '../../../src/algebra/float64.ts'
import { ddim, ddpm } from '../../../src/diffusion/rule.ts'
import { linearSchedule } from '../../../src/diffusion/schedule.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import { branchPictures } from '../../../src/media/sink/branch-pictures.ts'
import { pictures } from '../../../src/media/sink/pictures.ts'
import { samplePictures } from '../../../src/media/sink/sample-pictures.ts'
import { toPictures } from '../../../src/media/picture/picture.ts'
import { toRgb } from '../../../src/media/picture/rgb.ts'
import { interpolate } from '../../../src/experiment/interpolate.ts'
import { path } from '../../../src/experiment/route.ts'
import { finalSnapshot } from '../../../src/stream/snapshot.ts'
import type { Denoiser } from '../../../src/model/denoiser.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import { fork } from '../../../src/stream/fork.ts'
import { respace } from '../../../src/stream/respace.ts'
import { settled } from '../../../src/stream/settled.ts'
import { countingAlgebra, type Counted } from '../../support/counting-algebra.ts'

const noise = philox({ seed: 7 })

describe('branchPictures of a fork', () => {
  it.each(['as they are', 'through a decoder'])('shows each branch in its own tile, %s', async (way) => {
    const { algebra, alive, faults } = countingAlgebra('later')
    const model: Denoiser<Counted> = {
      algebra,
      predicts: 'epsilon',
      schedule: linearSchedule(),
      shape: [4, 4, 1],
      predict: (x) => of({ output: algebra.combine([[0.5, x]]) }),
    }
    const steps$ = respace(model.schedule, trailing(3))
    const branch = (rule: ReturnType<typeof ddim>) => denoise({ model, rule, noise })
    const options = way === 'as they are' ? {} : { pixels: <A>(images: A) => of(images) }
    const alone = async (rule: ReturnType<typeof ddim>) =>
      lastValueFrom(
        steps$.pipe(
          branch(rule),
          pictures(options),
          map(({ picture }) => picture),
        ),
      )
    const [noisy, still] = await Promise.all([alone(ddpm()), alone(ddim())])

    const forked$ = steps$.pipe(fork({ noisy: branch(ddpm()), still: branch(ddim()) }))
    const shown = await lastValueFrom(
      forked$.pipe(branchPictures({ noisy: '', still: '' }, options), toArray()),
    )
    expect(shown.map(({ transition }) => transition.index)).toEqual([0, 1, 2])
    // every pixel of a branch by itself is there, and the branches differ
    const last = shown.at(-1)!.picture
    const holds = ({ data, width, height }: typeof last): boolean =>
      Array.from({ length: last.width * last.height }, (_, at) => at).some((at) =>
        Array.from({ length: height }, (_, row) => row).every((row) => {
          const begin = 3 * (at + row * last.width)
          const line = last.data.subarray(begin, begin + 3 * width)
          return line.every((value, k) => value === data[3 * row * width + k]) && line.length === 3 * width
        }),
      )
    expect([holds(noisy), holds(still)]).toEqual([true, true])
    expect(noisy.data).not.toEqual(still.data)
    await settled(forked$)
    expect([alive(), faults]).toEqual([0, []])
  })
})

describe('branchPictures of a fork in a fork', () => {
  it('knows branches of branches by their paths', async () => {
    const model: Denoiser<Values64> = {
      algebra: float64,
      predicts: 'epsilon',
      schedule: linearSchedule(),
      shape: [4, 4, 1],
      predict: (x) => of({ output: float64.combine([[0.5, x]]) }),
    }
    const branch = (rule: ReturnType<typeof ddim>) => denoise({ model, rule, noise })
    const forked$ = respace(model.schedule, trailing(3)).pipe(
      fork({
        still: branch(ddim()),
        noisy: fork({ some: branch(ddim({ eta: 0.5 })), much: branch(ddpm()) }),
      }),
    )
    const widthOf = async (branches: Readonly<Record<string, string>>) => {
      const shown = await lastValueFrom(forked$.pipe(branchPictures(branches, { scale: 1 }), toArray()))
      expect(shown.map(({ transition }) => transition.index)).toEqual([0, 1, 2])
      return shown[0]!.picture.width
    }
    expect(await widthOf({ still: '', 'noisy/some': '', 'noisy/much': '' })).toBe(8 + 3 * 12)
    expect(await widthOf({ 'noisy/much': '', still: '' })).toBe(8 + 2 * 12)
  })
})

describe('samplePictures of an interpolation', () => {
  const model: Denoiser<Values64> = {
    algebra: float64,
    predicts: 'epsilon',
    schedule: linearSchedule(),
    shape: [4, 4, 1],
    predict: (x) => of({ output: float64.combine([[0.5, x]]) }),
  }
  const frames$ = respace(model.schedule, trailing(3)).pipe(
    interpolate({ model, rule: ddim(), route: path(5), noise: [3, 8].map((seed) => philox({ seed })) }),
  )

  it('shows every stop, from one end to the other', async () => {
    const shown = await lastValueFrom(frames$.pipe(samplePictures({ scale: 1 }), toArray()))
    const { xt } = await finalSnapshot(frames$)
    expect(shown.map(({ picture }) => picture)).toEqual(toPictures(xt).map(toRgb))
  })

  it('writes its caption above each', async () => {
    const captions = ['a', 'b', 'c', 'd', 'e']
    const shown = await lastValueFrom(frames$.pipe(samplePictures({ scale: 10, captions }), toArray()))
    const headings = shown.map(({ picture: { data, width } }) => String(data.subarray(0, 3 * width * 30)))
    expect(new Set(headings).size).toBe(5)
  })

  it('makes none before the one before it is taken', async () => {
    const given: Array<() => void> = []
    const all = new Promise<void>((complete) => {
      frames$.pipe(samplePictures({ scale: 1 })).subscribe({
        next: ({ waitUntil }) => waitUntil(new Promise<void>((done) => given.push(done))),
        complete,
      })
    })
    for (let taken = 1; taken <= 5; taken += 1) {
      for (let i = 0; i < 20; i += 1) await new Promise((later) => setImmediate(later))
      expect(given).toHaveLength(taken)
      given.at(-1)!()
    }
    await all
  })
})
