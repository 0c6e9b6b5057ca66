import { describe, expect, it } from 'vitest'
import { variationalBound } from '../../src/diffusion/bound.ts'
import { pixelLogLikelihood } from '../../src/diffusion/decoder.ts'
import { normalKl, normalMass, normalMassByTanh } from '../../src/diffusion/normal.ts'
import { posterior } from '../../src/diffusion/posterior.ts'
import { linearSchedule, type Schedule, scheduleFromBetas } from '../../src/diffusion/schedule.ts'
import { linspace } from '../../src/diffusion/spacing.ts'
import { type FinalLevel, type Transition, transitions } from '../../src/diffusion/transition.ts'
import { E } from '../../src/fp.ts'
import { erf } from '../../src/algebra/float64/erf.ts'

/** S steps of a schedule, from T − 1 to 0. */
const chainOf = (
  schedule: Schedule,
  count: number,
  finalLevel: FinalLevel = 'clean',
): readonly Transition[] => {
  const steps = transitions(schedule, linspace(count), { finalLevel })
  if (E.isLeft(steps)) throw steps.left
  return steps.right
}

const rows = (...values: number[][]): { shape: number[]; data: Float64Array } => ({
  shape: [values.length, values[0]!.length],
  data: Float64Array.from(values.flat()),
})

describe('the bound of a small chain', () => {
  // computed in float64 Python from the formulas of guided-diffusion's gaussian_diffusion.py and losses.py
  // (normal_kl of the full means, x_t included; discretized_gaussian_log_likelihood; clipped log-variances)
  const chain = chainOf(scheduleFromBetas([0.1, 0.2, 0.3, 0.4]), 4)
  const x0 = rows([0.3, -1, 1], [-0.5, 0.1, 0.9])
  const predicted = rows([0.25, -0.9, 0.2], [-0.4, 0.15, 0.95])
  const learned = rows([0.02, 0.1, 0.3], [0.05, 0.2, 0.01])
  const expectBits = (
    found: ReadonlyArray<readonly number[]>,
    wanted: ReadonlyArray<readonly number[]>,
  ): void => {
    expect(found.length).toBe(wanted.length)
    found.flat().forEach((bits, i) => {
      expect(bits).toBeCloseTo(wanted.flat()[i]!, 12)
    })
  }

  it('has the terms of calc_bpd_loop with the small variance', () => {
    const { terms, prior } = variationalBound(chain)
    expectBits(
      terms.map((term) => term.bits(x0, predicted)),
      [
        [0.09141262576659633, 0.002101439672795471],
        [0.2440157438830772, 0.005609557330645453],
        [1.008598408050053, 0.023186170300001186],
        [5.832396280847626, 6.467199266670549],
      ],
    )
    expectBits([prior(x0)], [[0.19359626203093006, 0.11943019536891021]])
    expect(terms.map(({ transition }) => transition)).toEqual(chain)
  })

  it('with the large one', () => {
    expectBits(
      variationalBound(chain, { variance: 'fixed-large' }).terms.map((term) => term.bits(x0, predicted)),
      [
        [0.10256235977804183, 0.03906128709666965],
        [0.23607225936461093, 0.10148812179468976],
        [0.6392037247458299, 0.28727078269224005],
        [5.832396280847626, 6.467199266670549],
      ],
    )
  })

  it('and with a learned one', () => {
    expectBits(
      variationalBound(chain).terms.map((term) => term.bits(x0, predicted, learned)),
      [
        [2.8268462232202043, 6.5375339341470635],
        [1.5041735767570203, 3.4644189092452646],
        [0.7466689279141544, 1.1656436108572765],
        [3.584759611316676, 6.217277832449011],
      ],
    )
  })

  it('is infinite without noise, and never NaN', () => {
    const { terms } = variationalBound(chain, { stochasticity: { eta: 0 } })
    for (const { transition, bits } of terms.slice(0, -1)) {
      expect(bits(x0, predicted), `from ${String(transition.from.t)}`).toEqual([Infinity, Infinity])
      expect(bits(x0, x0)).toEqual([0, 0])
    }
    expect(terms.at(-1)!.bits(x0, x0)).toEqual([0, 0])
    expect(terms.at(-1)!.bits(x0, predicted).every(Number.isFinite)).toBe(true)
  })

  it('of a single step takes its own β for the decoder', () => {
    const [only] = variationalBound(chainOf(scheduleFromBetas([0.1]), 1)).terms
    expect(only!.bits(rows([0.3]), rows([0.25]))[0]).toBeCloseTo(
      -pixelLogLikelihood('tanh')(0.3, 0.25, 0.1) / Math.LN2,
      12,
    )
  })

  it('needs a chain that ends in an image', () => {
    for (const broken of [chainOf(linearSchedule(), 10, 'first'), []])
      expect(() => variationalBound(broken)).toThrow(expect.objectContaining({ _tag: 'SpacingInvalid' }))
  })

  it('needs an x̂₀ for every pixel', () => {
    const [term] = variationalBound(chain).terms
    expect(() => term!.bits(x0, rows([1, 2]))).toThrow(new RangeError('[1, 2] does not go with [2, 3]'))
  })
})

describe('normal distributions', () => {
  it('have the mass that the error function says, and small masses to all their digits', () => {
    for (const [low, high] of [
      [-1, 1],
      [0, 0.01],
      [-3.5, -2],
      [2.9, 3.1],
      [-Infinity, 0.5],
      [-8, 8],
    ] as const) {
      const wanted = (erf(high / Math.SQRT2) - erf(low / Math.SQRT2)) / 2
      expect(Math.abs(normalMass(low, high) - wanted)).toBeLessThan(1e-15)
      expect(normalMass(-high, -low)).toBeCloseTo(normalMass(low, high), 15)
      expect(Math.abs(normalMassByTanh(low, high) - wanted)).toBeLessThan(6e-4)
    }
    // Python's math.erfc(x/√2)/2
    for (const [x, wanted] of [
      [3, 0.0013498980316300957],
      [5, 2.866515718791946e-7],
      [20, 2.7536241186063314e-89],
    ] as const)
      expect(normalMass(x, Infinity) / wanted).toBeCloseTo(1, 12)
    expect(normalMass(-Infinity, Infinity)).toBe(1)
  })

  it('diverge as the integral says', () => {
    const logDensity = (x: number, mean: number, variance: number): number =>
      -((x - mean) ** 2) / variance / 2 - Math.log(2 * Math.PI * variance) / 2
    let integral = 0
    for (let x = -12; x < 12; x += 0.01)
      integral +=
        0.01 * Math.exp(logDensity(x, 0.3, 0.5)) * (logDensity(x, 0.3, 0.5) - logDensity(x, -0.4, 2))
    expect(normalKl(0.7, 0.5, 2)).toBeCloseTo(integral, 10)
    expect(normalKl(0, 0, 0)).toBe(0)
    for (const infinite of [normalKl(1, 0, 0), normalKl(0, 0, 1), normalKl(0, 1, 0)])
      expect(infinite).toBe(Infinity)
  })
})

describe('pixels', () => {
  it('share one unit of probability', () => {
    for (const [mean, variance] of [
      [0, 1],
      [0.3, 1e-4],
      [-1.2, 0.04],
    ] as const)
      for (const binMass of ['exact', 'tanh'] as const) {
        const total = Array.from({ length: 256 }, (_, i) => i / 127.5 - 1)
          .map((pixel) => Math.exp(pixelLogLikelihood(binMass)(pixel, mean, variance)))
          .reduce((sum, mass) => sum + mass, 0)
        expect(total).toBeCloseTo(1, 8)
      }
  })

  it('that a model excludes cost no more than the least probability', () => {
    expect(pixelLogLikelihood('tanh')(1, -0.9, 0.01)).toBeCloseTo(Math.log(1e-12), 12)
    expect(pixelLogLikelihood('exact')(1, -0.9, 0.01)).toBeCloseTo(
      Math.log(normalMass(19 - 1 / 25.5, Infinity)),
      9,
    )
    expect(pixelLogLikelihood('exact')(1, -1, 0)).toBe(Math.log(Number.MIN_VALUE))
  })
})

describe('the bound of Gaussian data under their exact model', () => {
  // data: N(0, s²) cut into 256 pixels; the model's x̂₀ is E[x₀ | x_t], linear in x_t. Every expectation is a sum, over
  // all pixels and over z on a grid (which integrates smooth functions against a normal density to rounding)
  const s2 = 0.25 ** 2
  const pixels = Array.from({ length: 256 }, (_, i) => i / 127.5 - 1)
  const share = pixels.map((pixel) => Math.exp(pixelLogLikelihood('exact')(pixel, 0, s2)))
  const entropy = -share.reduce((sum, p) => sum + p * Math.log2(p), 0)
  const noise = Array.from({ length: 31 }, (_, i) => (i - 15) * 0.5)
  const weights = pixels.flatMap((_, i) =>
    noise.map((z) => (share[i]! * 0.5 * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI)),
  )
  const x0 = rows(...pixels.flatMap((pixel) => noise.map(() => [pixel])))
  const mean = (bits: readonly number[]): number => bits.reduce((sum, one, i) => sum + one * weights[i]!, 0)

  /** Bits per dimension above the entropy, with the posterior's variances or those that the model's steps really have. */
  const excess = (steps: number, variances: 'posterior' | 'exact'): number => {
    const { prior, terms } = variationalBound(chainOf(linearSchedule(), steps), { binMass: 'exact' })
    const parts = terms.map(({ transition, bits }) => {
      const { alphaBar } = transition.from
      const total = alphaBar * s2 + 1 - alphaBar
      const uncertain = (s2 * (1 - alphaBar)) / total
      const predicted = rows(
        ...pixels.flatMap((pixel) =>
          noise.map((z) => [
            ((Math.sqrt(alphaBar) * s2) / total) *
              (Math.sqrt(alphaBar) * pixel + Math.sqrt(1 - alphaBar) * z),
          ]),
        ),
      )
      const last = transition === terms.at(-1)!.transition
      const { mean: form, variance } = posterior({ eta: 1 })(transition)
      const exact = variance + form.x0 ** 2 * uncertain
      const own = { shape: x0.shape, data: new Float64Array(x0.data.length).fill(exact) }
      return mean(bits(x0, predicted, last || variances === 'exact' ? own : undefined))
    })
    return parts.reduce((sum, part) => sum + part, mean(prior(x0))) - entropy
  }

  it('is their entropy where the variances are exact, in however many steps', () => {
    for (const steps of [5, 30]) {
      const rest = excess(steps, 'exact')
      expect(rest).toBeGreaterThan(0)
      expect(rest).toBeLessThan(0.002)
    }
  })

  it("comes down to it with more steps where they are the posterior's", () => {
    const gaps = [10, 40, 160].map((steps) => excess(steps, 'posterior'))
    gaps.forEach((gap, i) => {
      expect(gap).toBeGreaterThan(0)
      if (i > 0) expect(gap).toBeLessThan(gaps[i - 1]! / 4) // four times the steps
    })
  })
})
