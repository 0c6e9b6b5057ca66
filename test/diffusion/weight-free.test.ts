/**
 * The fixtures of the peers that need no weights (reference/semantics.md, 2.9): whole chains in double precision, on
 * torch's single-precision tables.
 *
 * Σ|x| is held to 1e-4, the last printed digit; above 1000 to 1e-6 of it, which is what is left of a sum in float32.
 */
import { describe, expect, it } from 'vitest'
import { float64, type Values64 } from '../../src/algebra/float64.ts'
import { forward } from '../../src/diffusion/forward.ts'
import type { ClipMode } from '../../src/diffusion/clip.ts'
import { ddim, ddpm, type Rule } from '../../src/diffusion/rule.ts'
import { levelAt, type Schedule } from '../../src/diffusion/schedule.ts'
import { explicit, leading, linspace, type Spacing, trailing } from '../../src/diffusion/spacing.ts'
import type { FinalLevel } from '../../src/diffusion/transition.ts'
import type { PredictionType } from '../../src/diffusion/estimate.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import type { NoiseSource } from '../../src/noise/noise-source.ts'
import { philox } from '../../src/noise/philox.ts'
import { torch } from '../../src/noise/torch.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { finalSnapshot } from '../../src/stream/snapshot.ts'

/** What diffusers' tests begin with: `arange(768).reshape(3, 8, 8, 4) / 768`, permuted to `[4, 3, 8, 8]`; here channels last. */
const ramp = (value: (i: number) => number): Values64 => {
  const data = new Float64Array(768)
  for (let image = 0; image < 4; image++)
    for (let c = 0; c < 3; c++)
      for (let p = 0; p < 64; p++) data[(image * 64 + p) * 3 + c] = value((c * 64 + p) * 4 + image)
  return { shape: [4, 8, 8, 3], data }
}
const sample = ramp((i) => i / 768)

/** torch's tables: single precision, but the product accumulated in double (semantics 2.2). */
const torchTables = ({ betaStart = 1e-4 }: { readonly betaStart?: number } = {}): Schedule => {
  const [low, high] = [Math.fround(betaStart), Math.fround(0.02)]
  const stride = Math.fround((high - low) / 999)
  const betas = Float64Array.from({ length: 1000 }, (_, t) =>
    Math.fround(t < 500 ? low + stride * t : high - stride * (999 - t)),
  )
  let product = 1
  const alphaBars = betas.map((beta) => {
    product *= Math.fround(1 - beta)
    return Math.fround(product)
  })
  return { name: 'linear, as torch has it', trainedSteps: 1000, betas, alphaBars }
}

interface Fixture {
  readonly schedule?: Schedule
  readonly spacing?: Spacing
  readonly finalLevel?: FinalLevel
  readonly predicts?: PredictionType
  readonly rule?: Rule
  readonly noise?: NoiseSource
  readonly clip?: ClipMode
  readonly start?: Values64
  readonly factor?: (t: number) => number
}

/** Σ|x| at the end of the chain. */
const sumAbs = async ({
  schedule = torchTables(),
  spacing = leading(10),
  finalLevel = 'clean',
  predicts = 'epsilon',
  rule = ddim(),
  noise = philox({ seed: 7 }),
  clip = 'x0',
  start = sample,
  factor = (t) => t / (t + 1),
}: Fixture): Promise<number> => {
  const model: Denoiser<Values64> = {
    algebra: float64,
    predicts,
    schedule,
    shape: [8, 8, 3],
    range: 1,
    predict: (x, [t = 0]) => [{ output: float64.combine([[factor(t), x]]) }],
  }
  const frames$ = respace(schedule, spacing, { finalLevel }).pipe(
    denoise({ model, rule, noise, clip, start }),
  )
  const { xt } = await finalSnapshot(frames$)
  return Array.from(xt.data).reduce((sum, x) => sum + Math.abs(x), 0)
}

/** Diffusers' generator is first asked for the first z: it is given x_T. */
const fromFirstZ = ({ name, draw }: NoiseSource): NoiseSource => ({
  name,
  draw: (index, shape) => draw(index - 1, shape),
})

/** Σ|x| after diffusers' `DDPMScheduler`, operation by operation in its order, each rounded. */
const ancestral = (
  round: (x: number) => number,
  predicts: 'epsilon' | 'v_prediction',
  noise: NoiseSource,
): number => {
  const { alphaBars } = torchTables()
  const root = (x: number): number => round(Math.sqrt(x))
  let x = sample.data.map(round)
  for (let t = 999; t >= 0; t--) {
    const [alphaBar, before] = [alphaBars[t]!, alphaBars[t - 1] ?? 1]
    const [rest, restBefore] = [round(1 - alphaBar), round(1 - before)]
    const alpha = round(alphaBar / before)
    const beta = round(1 - alpha)
    const ofX0 = round(round(root(before) * beta) / rest)
    const ofX = round(round(root(alpha) * restBefore) / rest)
    const sigma = root(round(round(restBefore / rest) * beta))
    const z = t === 0 ? undefined : noise.draw(1000 - t, sample.shape)
    x = x.map((xt, i) => {
      const output = round(round(xt * t) / (t + 1))
      const noisy = round(root(rest) * output)
      const raw =
        predicts === 'epsilon'
          ? round(round(xt - noisy) / root(alphaBar))
          : round(round(root(alphaBar) * xt) - noisy)
      const mean = round(round(ofX0 * Math.min(1, Math.max(-1, raw))) + round(ofX * xt))
      return z === undefined ? mean : round(mean + round(sigma * z[i]!))
    })
  }
  return x.reduce((sum, each) => sum + Math.abs(each), 0)
}

describe('the peers’ fixtures without weights', () => {
  const cases: Readonly<Record<string, readonly [Fixture, number]>> = {
    'DDIM on ε': [{}, 172.0067],
    'DDIM on v': [{ predicts: 'v_prediction' }, 52.5302],
    'DDIM with larger βs, to the clean level': [{ schedule: torchTables({ betaStart: 0.01 }) }, 149.8295],
    'DDIM with larger βs, to the first level': [
      { schedule: torchTables({ betaStart: 0.01 }), finalLevel: 'first' },
      149.0784,
    ],
    'DDIM, trailing': [{ spacing: trailing(10) }, 170.035],
    'DDIM, linspace': [{ spacing: linspace(10) }, 169.4642],
    'DDIM, quadratic': [{ spacing: explicit([800, 632, 483, 355, 246, 158, 88, 39, 9, 0]) }, 178.6596],
  }
  for (const [name, [fixture, expected]] of Object.entries(cases))
    it(name, async () => {
      expect(Math.abs((await sumAbs(fixture)) - expected)).toBeLessThan(1e-4)
    })

  it('DDIM from the middle of the chain', async () => {
    const schedule = torchTables()
    const { x0, z } = forward(levelAt(schedule, 100))
    const start = float64.combine([
      [x0, sample],
      [z, ramp((i) => (767 - i) / 768)],
    ])
    expect(Math.abs((await sumAbs({ spacing: explicit([100, 0]), start })) - 354.5418)).toBeLessThan(1e-4)
  })

  // The peer computes β_t as 1 − ᾱ_t/ᾱ_{t−1} in float32, where a β of 1e-4 keeps four digits: over 1,000 steps that
  // moves the sum by 1.3e-3, and the printed digits are those of float32. So the formula is worked out both ways: rounded
  // after each operation, as the peer does it, it has to give the printed digits; unrounded, our chain.
  for (const [predicts, expected] of [
    ['epsilon', 258.9606],
    ['v_prediction', 202.0296],
  ] as const)
    it(`DDPM in 1000 steps on ${predicts}, with torch’s noise`, async () => {
      const noise = fromFirstZ(torch({ seed: 0 }))
      expect(Math.abs(ancestral(Math.fround, predicts, noise) - expected)).toBeLessThan(1e-4)
      const sum = await sumAbs({ spacing: leading(1000), predicts, rule: ddpm(), noise })
      expect(Math.abs(sum - ancestral((x) => x, predicts, noise))).toBeLessThan(1e-9)
    })
})

describe('clipping, where it matters', () => {
  const start = ramp((i) => (6 * i) / 768 - 3)
  const table: ReadonlyArray<readonly [Spacing, none: number, x0: number, both: number]> = [
    [leading(10), 8532.1768, 486.9157, 723.7938],
    [trailing(10), 15312.3828, 424.89, 726.0875],
    [linspace(10), 15988.7656, 449.3579, 726.5963],
    [explicit([800, 632, 483, 355, 246, 158, 88, 39, 9, 0]), 5661.54, 619.2133, 720.6678],
  ]
  for (const [spacing, ...sums] of table)
    for (const [k, clip] of (['none', 'x0', 'x0+eps'] as const).entries())
      it(`${clip}, ${spacing.name}`, async () => {
        const expected = sums[k]!
        const sum = await sumAbs({ spacing, clip, start, factor: () => 0.5 })
        expect(Math.abs(sum - expected)).toBeLessThan(expected > 1000 ? 1e-6 * expected : 1e-4)
      })
})
