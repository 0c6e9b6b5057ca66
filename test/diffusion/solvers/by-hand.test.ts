import fc from 'fast-check'
import { from, lastValueFrom, map, of, queueScheduler, toArray } from 'rxjs'
import { afterAll, describe, expect, it } from 'vitest'
import { numbers } from '../../../src/algebra/numbers.ts'
import type { Level } from '../../../src/diffusion/level.ts'
import type { Rule } from '../../../src/diffusion/rule.ts'
import type { Schedule } from '../../../src/diffusion/schedule.ts'
import {
  dpm2,
  dpmpp2m,
  dpmpp2mSde,
  dpmpp3m,
  dpmpp3mSde,
  euler,
  eulerAncestral,
  heun,
  lcm,
  plms,
  unipc,
} from '../../../src/diffusion/solver.ts'
import { transitions } from '../../../src/diffusion/transition.ts'
import { E } from '../../../src/fp.ts'
import type { Denoiser } from '../../../src/model/denoiser.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import { anySchedule, right, spacingWithin } from '../../laws/arbitrary.ts'
import {
  ancestralByHand,
  type ByHand,
  dpm2ByHand,
  dpmppByHand,
  eulerByHand,
  heunByHand,
  lcmByHand,
  plmsByHand,
  unipcByHand,
} from './by-hand.ts'

const pairs: ReadonlyArray<readonly [Rule, ByHand]> = [
  [euler(), eulerByHand],
  [eulerAncestral(), ancestralByHand],
  [heun(), heunByHand],
  [dpm2(), dpm2ByHand],
  [plms(), plmsByHand],
  [dpmpp2m(), dpmppByHand(2, false)],
  [dpmpp2mSde(), dpmppByHand(2, true)],
  [dpmpp3m(), dpmppByHand(3, false)],
  [dpmpp3mSde(), dpmppByHand(3, true)],
  [unipc({ order: 1 }), unipcByHand(1)],
  [unipc(), unipcByHand(2)],
  [unipc({ order: 3 }), unipcByHand(3)],
  [lcm(), lcmByHand],
]

/** ε in closed form, which no clean image comes of. */
const eps = (x: number, { t }: Level): number => 0.5 * x + 0.2 * Math.cos(t / 300)

const modelOf = (schedule: Schedule): Denoiser<number> => ({
  algebra: numbers,
  predicts: 'epsilon',
  schedule,
  shape: [],
  predict: (x, [t = 0]) => of({ output: eps(x, { t, alphaBar: NaN }) }),
})

const z = (k: number): number => Math.fround(Math.sin(7 * k))
const noise = { name: 'sines', draw: (draw: number) => Float32Array.of(z(draw - 1)) }

const worst = new Map<string, number>()
afterAll(() => {
  console.log([...worst].map(([name, error]) => `${name.padEnd(20)} ${error.toExponential(1)}`).join('\n'))
})

/** Between timesteps log σ is linear in t. */
const betweenIn =
  ({ alphaBars }: Schedule) =>
  (sigma: number): Level => {
    const logs = [...alphaBars].map((alphaBar) => 0.5 * Math.log((1 - alphaBar) / alphaBar))
    const above = logs.findIndex((log) => log >= Math.log(sigma))
    const share = (Math.log(sigma) - logs[above - 1]!) / (logs[above]! - logs[above - 1]!)
    return { t: above - 1 + share, alphaBar: 1 / (1 + sigma * sigma) }
  }

/** A chain of a random spacing of a random schedule, with at least two timesteps. */
const anyWalk = anySchedule.chain((schedule) =>
  spacingWithin(schedule.trainedSteps)
    .map((spacing) => ({ schedule, steps: transitions(schedule, spacing) }))
    .filter(({ steps }) => E.isRight(steps))
    .map(({ steps }) => ({ schedule, steps: right(steps) })),
)

const largest = (xs: readonly number[]): number => Math.max(...xs.map(Math.abs))

describe('every solver is, to 1e-9 of a chain’s largest value, what the peers do', () => {
  it.each(pairs.map(([rule, byHand]) => [rule.name, rule, byHand] as const))(
    '%s, for any schedule and spacing',
    async (name, rule, byHand) => {
      await fc.assert(
        fc.asyncProperty(
          anyWalk,
          fc.double({ min: -3, max: 3, noNaN: true }),
          async ({ schedule, steps }, start) => {
            const ours = await lastValueFrom(
              from(steps).pipe(
                denoise({ model: modelOf(schedule), rule, noise, start, scheduler: queueScheduler }),
                map(({ xt }) => xt),
                toArray(),
              ),
            )
            const levels = [steps[0]!.from, ...steps.map(({ to }) => to)]
            const theirs = byHand({ levels, eps, between: betweenIn(schedule), z }, start)
            expect(ours).toHaveLength(theirs.length)
            const error = largest(ours.map((x, k) => x - theirs[k]!)) / largest([1, ...theirs])
            worst.set(name, Math.max(worst.get(name) ?? 0, error))
            expect(error).toBeLessThan(1e-9)
          },
        ),
        { numRuns: 40 },
      )
    },
  )
})
