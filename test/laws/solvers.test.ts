import fc from 'fast-check'
import { from, lastValueFrom, map, queueScheduler } from 'rxjs'
import { afterAll, describe, expect, it } from 'vitest'
import { cleanLevel, type Level } from '../../src/diffusion/level.ts'
import { normalMass } from '../../src/diffusion/normal.ts'
import { ddim, ddpm, type Rule } from '../../src/diffusion/rule.ts'
import { continuousLinear, type Schedule } from '../../src/diffusion/schedule.ts'
import {
  dpm2,
  dpmpp2m,
  dpmpp2mSde,
  dpmpp3m,
  dpmpp3mSde,
  euler,
  eulerAncestral,
  halfLogSnr,
  heun,
  lcm,
  plms,
  unipc,
} from '../../src/diffusion/solver.ts'
import { exponential } from '../../src/diffusion/spacing.ts'
import { isLast, type Transition, transitions, transitionsThrough } from '../../src/diffusion/transition.ts'
import { E } from '../../src/fp.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { gaussianMixture } from '../../src/model/gaussian-mixture.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { anySchedule, right, spacingWithin } from './arbitrary.ts'

/** x at the end of a chain. */
const walk = (
  model: Denoiser<number>,
  rule: Rule,
  steps: readonly Transition[],
  start: number,
  z: (draw: number) => number = () => 0,
): Promise<number> =>
  lastValueFrom(
    from(steps).pipe(
      denoise({
        model,
        rule,
        noise: { name: 'given', draw: (draw) => Float32Array.of(z(draw)) },
        start,
        scheduler: queueScheduler,
      }),
      map(({ xt }) => xt),
    ),
  )

describe('on a continuous schedule, in steps uniform in log-SNR from t = 1 to 10⁻³', () => {
  const schedule = continuousLinear()
  const stepsOf = (count: number): readonly Transition[] =>
    transitionsThrough(right(exponential(count + 1).levels(schedule)))
  const counts = [20, 40, 80, 160, 320]
  const starts = [-2, -1, -0.3, 0.4, 1, 2]

  const gaussian = { mean: 0.3, deviation: 0.5 }
  const gauss = gaussianMixture([gaussian], schedule)
  const mixture = gaussianMixture(
    [
      { mean: -0.6, deviation: 0.4 },
      { mean: 0.8, deviation: 0.5, weight: 2 },
    ],
    schedule,
  )

  /** Where the ODE takes a Gaussian: quantiles stay quantiles. */
  const transported = (x: number): number => {
    const [top, bottom] = [schedule.level(1), schedule.level(1e-3)]
    const deviation = ({ alphaBar }: Level): number =>
      Math.sqrt(alphaBar * gaussian.deviation ** 2 + 1 - alphaBar)
    const mean = ({ alphaBar }: Level): number => Math.sqrt(alphaBar) * gaussian.mean
    return mean(bottom) + ((x - mean(top)) * deviation(bottom)) / deviation(top)
  }

  /** Where it takes the mixture: quantiles as well, found by bisection. */
  const transportedMixture = (x: number): number => {
    const cdf = (at: number, { alphaBar }: Level): number => {
      const part = (mean: number, deviation: number): number =>
        normalMass(
          -Infinity,
          (at - Math.sqrt(alphaBar) * mean) / Math.sqrt(alphaBar * deviation ** 2 + 1 - alphaBar),
        )
      return (part(-0.6, 0.4) + 2 * part(0.8, 0.5)) / 3
    }
    const share = cdf(x, schedule.level(1))
    let [low, high] = [-10, 10]
    for (let k = 0; k < 100; k++) {
      const middle = (low + high) / 2
      if (cdf(middle, schedule.level(1e-3)) < share) low = middle
      else high = middle
    }
    return low
  }

  const data = {
    gauss: { model: gauss, exact: transported },
    mixture: { model: mixture, exact: transportedMixture },
  }

  /** The root mean square of the errors of all starts, for each count. */
  const errorsOf = async (rule: Rule, { model, exact }: (typeof data)['gauss']): Promise<readonly number[]> =>
    Promise.all(
      counts.map(async (count) => {
        const errors = await Promise.all(
          starts.map(async (x) => (await walk(model, rule, stepsOf(count), x)) - exact(x)),
        )
        return Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length)
      }),
    )

  /** By least squares, of log-error against log-steps. */
  const orderOf = (errors: readonly number[]): number => {
    const [xs, ys] = [counts, errors].map((values) => values.map((value) => Math.log(value)))
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
    const [mx, my] = [mean(xs!), mean(ys!)]
    const slope = (of: readonly number[], middle: number): number =>
      xs!.reduce((sum, x, k) => sum + (x - mx) * (of[k]! - middle), 0)
    return -slope(ys!, my) / slope(xs!, mx)
  }

  const fitted: string[] = []
  afterAll(() => {
    console.log(['fitted orders, on a Gaussian and on a mixture', ...fitted].join('\n'))
  })

  it.each(
    [ddim(), euler(), heun(), dpm2(), plms(), dpmpp2m(), dpmpp3m(), unipc({ order: 1 }), unipc()].map(
      (rule) => [rule.name, rule] as const,
    ),
  )('%s has the order that it declares', async (name, rule) => {
    const orders = [orderOf(await errorsOf(rule, data.gauss)), orderOf(await errorsOf(rule, data.mixture))]
    fitted.push(`${name.padEnd(24)} ${rule.order}  ${orders.map((order) => order.toFixed(3)).join('  ')}`)
    for (const order of orders) expect(Math.abs(order - rule.order!)).toBeLessThan(0.2)
  })

  // where something cancels, or the start-up is too small to be seen, more
  it.each([dpmpp3m({ bend: 'whole' }), unipc({ order: 3 })].map((rule) => [rule.name, rule] as const))(
    '%s has at least the order that it declares',
    async (name, rule) => {
      const orders = [orderOf(await errorsOf(rule, data.gauss)), orderOf(await errorsOf(rule, data.mixture))]
      fitted.push(`${name.padEnd(24)} ${rule.order}  ${orders.map((order) => order.toFixed(3)).join('  ')}`)
      for (const order of orders) expect(order).toBeGreaterThan(rule.order! - 0.2)
      expect(Math.min(...orders)).toBeLessThan(rule.order! + 0.2)
    },
  )

  it('no rule with fresh noise declares one', () => {
    for (const rule of [ddim({ eta: 1 }), ddpm(), dpmpp2mSde(), dpmpp3mSde(), eulerAncestral(), lcm()])
      expect(rule.order).toBeUndefined()
  })
})

describe('on a Gaussian, a rule with fresh noise has the mean and the variance of its closed recursion', () => {
  const gaussian = { mean: 0.7, deviation: 0.4 }

  /** Weights of this x and the two before, of 1 and of z. */
  interface Linear {
    readonly x: readonly [number, number, number]
    readonly one: number
    readonly z: number
  }

  /** `x̂₀ = p·x + q`, the posterior mean. */
  const posterior = ({ alphaBar }: Level): readonly [p: number, q: number] => {
    const signal = Math.sqrt(alphaBar)
    const p = (signal * gaussian.deviation ** 2) / (alphaBar * gaussian.deviation ** 2 + 1 - alphaBar)
    return [p, gaussian.mean * (1 - p * signal)]
  }

  const affine = (xt: number, x0: readonly number[], levels: readonly Level[], z: number): Linear => {
    const terms = x0.map((weight, k) =>
      weight === 0 ? [0, 0] : posterior(levels[k]!).map((c) => c * weight),
    )
    const [a = 0, b = 0, c = 0] = terms.map(([p]) => p!)
    return { x: [xt + a, b, c], one: terms.reduce((sum, [, q]) => sum + q!, 0), z }
  }

  /** Reverse SDE, x̂₀ being as the weights say in multiples of `√ᾱ'`: h is the step in λ. */
  const sde = (
    { from, to }: Transition,
    earlier: readonly Level[],
    weights: (h: number) => readonly number[],
  ): Linear => {
    const h = halfLogSnr(to) - halfLogSnr(from)
    const clean = to === cleanLevel
    return affine(
      clean ? 0 : Math.sqrt((1 - to.alphaBar) / (1 - from.alphaBar)) * Math.exp(-h),
      weights(h).map((weight) => weight * Math.sqrt(to.alphaBar)),
      [from, ...earlier],
      clean ? 0 : Math.sqrt((1 - to.alphaBar) * -Math.expm1(-2 * h)),
    )
  }

  const first = (h: number): readonly number[] => [-Math.expm1(-2 * h)]

  const second =
    ({ from }: Transition, [before]: readonly Level[]) =>
    (h: number): readonly number[] => {
      const r = (halfLogSnr(from) - halfLogSnr(before!)) / h
      return [-Math.expm1(-2 * h) * (1 + 0.5 / r), (Math.expm1(-2 * h) * 0.5) / r]
    }

  const third =
    ({ from }: Transition, [one, two]: readonly Level[]) =>
    (h: number): readonly number[] => {
      const r0 = (halfLogSnr(from) - halfLogSnr(one!)) / h
      const r1 = (halfLogSnr(one!) - halfLogSnr(two!)) / h
      const phi2 = Math.expm1(-2 * h) / (2 * h) + 1
      const phi3 = phi2 / (2 * h) - 0.5
      // of the differences of neighbours
      const near = phi2 * (1 + r0 / (r0 + r1)) - phi3 / (r0 + r1)
      const far = phi2 * (-r0 / (r0 + r1)) + phi3 / (r0 + r1)
      return [-Math.expm1(-2 * h) + near / r0, -near / r0 + far / r1, -far / r1]
    }

  type Recursion = (transition: Transition, earlier: readonly Level[]) => Linear

  const multistep =
    (most: 2 | 3): Recursion =>
    (transition, earlier) => {
      const left = transition.count < 15 ? transition.count - transition.index : most
      const order = transition.to === cleanLevel ? 1 : Math.min(most, earlier.length + 1, left)
      return sde(
        transition,
        earlier,
        order === 1 ? first : order === 2 ? second(transition, earlier) : third(transition, earlier),
      )
    }

  const ancestral =
    (deviation: (betaTilde: number, beta: number) => number): Recursion =>
    (transition) => {
      const { from, to } = transition
      const beta = 1 - from.alphaBar / to.alphaBar
      const share = (1 - to.alphaBar) / (1 - from.alphaBar)
      return affine(
        Math.sqrt(1 - beta) * share,
        [(Math.sqrt(to.alphaBar) * beta) / (1 - from.alphaBar)],
        [from],
        isLast(transition) ? 0 : deviation(share * beta, beta),
      )
    }

  const consistency =
    (scale: number): Recursion =>
    ({ from, to }) => {
      const s = scale * from.t
      const [signal, square] = [Math.sqrt(to.alphaBar), s * s + 0.25]
      const [skip, out] = scale === Infinity ? [0, 1] : [0.25 / square, s / Math.sqrt(square)]
      return affine(signal * skip, [signal * out], [from], Math.sqrt(1 - to.alphaBar))
    }

  const v = -0.3
  const cases: ReadonlyArray<readonly [name: string, Rule, Recursion]> = [
    ['ddim(η = 1)', ddim({ eta: 1 }), (transition) => sde(transition, [], first)],
    ['euler-ancestral', eulerAncestral(), (transition) => sde(transition, [], first)],
    ['ddpm(fixed-small)', ddpm(), ancestral((small) => Math.sqrt(small))],
    ['ddpm(fixed-large)', ddpm({ variance: 'fixed-large' }), ancestral((_, large) => Math.sqrt(large))],
    ['ddpm(learned)', ddpm({ variance: 'learned' }), ancestral(() => Math.exp(v / 2))],
    [
      'ddpm(learned-range)',
      ddpm({ variance: 'learned-range' }),
      ancestral((small, large) => Math.sqrt(large ** ((v + 1) / 2) * small ** ((1 - v) / 2))),
    ],
    ['dpmpp-2m-sde', dpmpp2mSde(), multistep(2)],
    ['dpmpp-3m-sde', dpmpp3mSde(), multistep(3)],
    ['lcm', lcm(), consistency(10)],
    ['lcm without a boundary', lcm({ boundary: 'none' }), consistency(Infinity)],
  ]

  const modelOn = (schedule: Schedule): Denoiser<number> => {
    const model = gaussianMixture([gaussian], schedule)
    return {
      ...model,
      predict: (...question) =>
        from(model.predict(...question)).pipe(map((prediction) => ({ ...prediction, variance: v }))),
    }
  }

  const anySteps = anySchedule.chain((schedule) =>
    spacingWithin(Math.min(schedule.trainedSteps, 20))
      .map((spacing) => transitions(schedule, spacing))
      .filter((steps) => E.isRight(steps))
      .map((steps) => ({ schedule, steps: right(steps) })),
  )

  it.each(cases)('%s', async (_, rule, recursion) => {
    await fc.assert(
      fc.asyncProperty(anySteps, async ({ schedule, steps }) => {
        // what the chain makes of x_T and of each z, one by one
        const model = modelOn(schedule)
        const offset = await walk(model, rule, steps, 0)
        const weights = await Promise.all([
          walk(model, rule, steps, 1),
          ...steps.map((__, k) => walk(model, rule, steps, 0, (draw) => (draw === k + 1 ? 1 : 0))),
        ])
        const shares = weights.map((weight) => weight - offset)

        let mean = [0, 0, 0]
        let covariance = [
          [1, 0, 0],
          [0, 0, 0],
          [0, 0, 0],
        ]
        let earlier: readonly Level[] = []
        for (const transition of steps) {
          const { x, one, z } = recursion(transition, earlier)
          const with_ = covariance.map((row) => row.reduce((sum, c, k) => sum + c * x[k]!, 0))
          const own = with_.reduce((sum, c, k) => sum + c * x[k]!, 0) + z * z
          mean = [mean.reduce((sum, m, k) => sum + m * x[k]!, one), mean[0]!, mean[1]!]
          covariance = [
            [own, with_[0]!, with_[1]!],
            [with_[0]!, covariance[0]![0]!, covariance[0]![1]!],
            [with_[1]!, covariance[1]![0]!, covariance[1]![1]!],
          ]
          earlier = [transition.from, ...earlier].slice(0, 2)
        }
        const variance = shares.reduce((sum, share) => sum + share ** 2, 0)
        expect(Math.abs(offset - mean[0]!)).toBeLessThan(1e-9 * Math.max(1, Math.abs(mean[0]!)))
        expect(Math.abs(variance - covariance[0]![0]!)).toBeLessThan(1e-9 * Math.max(1, covariance[0]![0]!))
      }),
      { numRuns: 50 },
    )
  })
})
