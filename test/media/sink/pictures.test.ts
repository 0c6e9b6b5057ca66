import { lastValueFrom, map, of, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim, ddpm } from '../../../src/diffusion/rule.ts'
import { linearSchedule } from '../../../src/diffusion/schedule.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import { branchPictures, pictures } from '../../../src/media/sink/pictures.ts'
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
