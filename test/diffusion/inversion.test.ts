import { describe, expect, it } from 'vitest'
import { numbers } from '../../src/algebra/numbers.ts'
import { estimate } from '../../src/diffusion/estimate.ts'
import { evaluate } from '../../src/diffusion/linear-form.ts'
import { ddim } from '../../src/diffusion/rule.ts'
import { levelAt, linearSchedule } from '../../src/diffusion/schedule.ts'
import { leading, trailing } from '../../src/diffusion/spacing.ts'
import { sumOf } from '../../src/diffusion/sum.ts'
import {
  type EvaluateAt,
  inversionTransitions,
  type Transition,
  transitions,
} from '../../src/diffusion/transition.ts'
import { type Chain, largest, readChain } from '../golden/chain.ts'
import { right } from '../laws/arbitrary.ts'

const schedule = linearSchedule()

type Model = (x: number, t: number, i: number) => number

/** DDIM on the real line, along any transitions. */
const along =
  (steps: readonly Transition[], model: Model) =>
  (start: number, i = 0): number =>
    steps.reduce((x, step) => {
      const xt = sumOf(x)
      const { x0, eps } = estimate('epsilon', step.from)(xt, sumOf(model(x, step.at, i)))
      return numbers.combine(evaluate(ddim().step(step), { xt, x0, eps, z: [] }))
    }, start)

/** What ε is for data of N(0, ½²), exactly. */
const gaussian: Model = (x, t) => {
  const { alphaBar } = levelAt(schedule, t)
  return (Math.sqrt(1 - alphaBar) * x) / (alphaBar * 0.25 + 1 - alphaBar)
}

describe('encoding and decoding', () => {
  const roundTrip = (count: number, evaluateAt: EvaluateAt): number => {
    const up = right(inversionTransitions(schedule, trailing(count), { evaluateAt }))
    const down = right(transitions(schedule, trailing(count)))
    return along(down, gaussian)(along(up, gaussian)(1))
  }

  // the exact model is linear, so that a round trip is a factor; reference/semantics.md 6.7
  it.each([
    [10, 0.554867, 0.724196],
    [20, 0.749431, 0.86431],
    [50, 0.891563, 0.946363],
    [100, 0.944249, 0.973265],
    [1000, 0.994358, 0.997332],
  ])(
    'of %i steps shrinks x to %d or %d of it, asking at the source or at the destination',
    (count, source, destination) => {
      expect(roundTrip(count, 'source')).toBeCloseTo(source, 6)
      expect(roundTrip(count, 'destination')).toBeCloseTo(destination, 6)
    },
  )
})

describe('the inverse chain of diffusers', () => {
  const { settings, x }: Chain = readChain('steps/ddim-inverse.safetensors')
  const [, height = 0, width = 0, channels = 0] = x[0]!.shape

  it('is met at every step', () => {
    const steps = right(inversionTransitions(schedule, leading(20), { evaluateAt: 'destination' }))
    expect(steps).toHaveLength(x.length - 1)
    const { a, b, c } = settings.model
    // the pattern counts an image's elements channels first, and x is channels last
    const planar = (i: number): number =>
      (i % channels) * height * width + Math.floor((i % (height * width * channels)) / channels)
    const model: Model = (value, t, i) => a * value + b * (t / 1000) + c * Math.sin(planar(i))
    const errors = steps.map((step, k) => {
      const ours = Float64Array.from(x[k]!.data, (value, i) => along([step], model)(value, i))
      const differences = ours.map((value, i) => value - x[k + 1]!.data[i]!)
      return largest({ shape: [], data: differences }) / largest(x[k + 1]!)
    })
    expect(Math.max(...errors)).toBeLessThan(2e-4)
  })
})
