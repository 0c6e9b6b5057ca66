import '@tensorflow/tfjs-backend-cpu'
import fc from 'fast-check'
import { from, lastValueFrom, map, of, take, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { VectorAlgebra } from '../../src/algebra/algebra.ts'
import { float64 } from '../../src/algebra/float64.ts'
import type { ClipMode } from '../../src/diffusion/clip.ts'
import { ddpm, type Rule } from '../../src/diffusion/rule.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { dpmpp3m, rules, unipc } from '../../src/diffusion/solver.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { type Transition, transitions } from '../../src/diffusion/transition.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { settled } from '../../src/stream/settled.ts'
import { snapshot } from '../../src/stream/snapshot.ts'
import { type Latent, needs, step, type Stepped } from '../../src/stream/step.ts'
import { countingAlgebra } from '../support/counting-algebra.ts'
import { right } from './arbitrary.ts'

const schedule = linearSchedule()
const shape = [2, 2, 2, 1]
const noise = philox({ seed: 7 })

/** A network that leaves its mark on everything: curved in x, and with a variance. */
const modelIn = <T>(algebra: VectorAlgebra<T>): Denoiser<T> => ({
  algebra,
  predicts: 'epsilon',
  schedule,
  shape: shape.slice(1),
  range: 1,
  predict: (x, [t = 0]) => {
    const bent = algebra.clamp([[1, x]], -0.7, 0.9)
    const output = algebra.combine([
      [0.6, x],
      [0.3 + t / 3000, bent],
    ])
    return of({ output, variance: bent })
  },
})

const everyRule: ReadonlyArray<readonly [string, Rule]> = [
  ...Object.entries(rules).map(([name, make]) => [name, make()] as const),
  ['ddpm(learned-range)', ddpm({ variance: 'learned-range' })],
  ['dpmpp-3m(bend whole)', dpmpp3m({ bend: 'whole' })],
  ['unipc(3)', unipc({ order: 3 })],
]
const clips: readonly ClipMode[] = ['none', 'x0', 'x0+eps']
const anyClip = fc.constantFrom(...clips)

const stepsOf = (count: number): readonly Transition[] => right(transitions(schedule, trailing(count)))

/** The latent after some steps; whatever the chain does not need any more is left behind. */
const walk = async <T>(
  model: Denoiser<T>,
  rule: Rule,
  clip: ClipMode,
  steps: readonly Transition[],
  start: Latent<T>,
  after: (stepped: Stepped<T>, before: Latent<T>) => void = () => undefined,
): Promise<Latent<T>> => {
  let latent = start
  for (const transition of steps) {
    const stepped = await lastValueFrom(of(latent).pipe(step({ model, rule, noise, clip })(transition)))
    after(stepped, latent)
    const { x, draws, history = [] } = stepped
    latent = { x, draws, history }
  }
  return latent
}

describe.each(everyRule)('%s', (_, rule) => {
  it('goes on from a copy of its latent as if it had not been cut, bit for bit', async () => {
    const model = modelIn(float64)
    const x = float64.fromValues({ shape, data: noise.draw(0, shape) })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 24 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        anyClip,
        async (count, share, clip) => {
          const steps = stepsOf(count)
          const cut = Math.round(share * count)
          const whole = await walk(model, rule, clip, steps, { x, draws: 1 })
          const half = await walk(model, rule, clip, steps.slice(0, cut), { x, draws: 1 })
          const resumed = await walk(model, rule, clip, steps.slice(cut), structuredClone(half))
          expect(resumed).toEqual(whole)
        },
      ),
      { numRuns: 20 },
    )
  })

  it('remembers no more than it looks back on, and reads nothing that is gone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), anyClip, async (count, clip) => {
        const books = countingAlgebra()
        const { algebra } = books
        const model = modelIn(algebra)
        const x = algebra.fromValues({ shape, data: noise.draw(0, shape) })
        const last = await walk(model, rule, clip, stepsOf(count), { x, draws: 1 }, (stepped, before) => {
          const kept = new Set(needs(stepped))
          const all = new Set([...needs(before), ...stepped.made])
          for (const tensor of all) if (!kept.has(tensor)) algebra.dispose(tensor)
          expect(stepped.history).toHaveLength(Math.min(rule.memory ?? 0, stepped.transition.index + 1))
          // of each step no more than two: x_t and what was said of it
          expect(books.alive()).toBe(kept.size)
          expect(kept.size).toBeLessThanOrEqual(1 + 2 * (rule.memory ?? 0))
        })
        new Set(needs(last)).forEach(algebra.dispose)
        expect([books.alive(), books.faults]).toEqual([0, []])
      }),
      { numRuns: 20 },
    )
  })

  it('leaves nothing behind, wherever its run is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 9 }),
        anyClip,
        async (count, cut, clip) => {
          const books = countingAlgebra('later')
          const run$ = from(stepsOf(count)).pipe(
            denoise({ model: modelIn(books.algebra), rule, noise, clip, batch: shape[0]! }),
          )
          const seen = await lastValueFrom(
            run$.pipe(
              snapshot({ xt: true, x0: true }),
              take(cut),
              map(({ xt }) => xt.data.every(Number.isFinite)),
              toArray(),
            ),
          )
          await settled(run$)
          expect(seen).toEqual(Array.from({ length: Math.min(cut, count) }, () => true))
          expect([books.alive(), books.faults]).toEqual([0, []])
        },
      ),
      { numRuns: 15 },
    )
  })
})
