import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { readdirSync } from 'node:fs'
import { from, lastValueFrom, map, toArray } from 'rxjs'
import { afterAll, describe, expect, it } from 'vitest'
import type { Values, VectorAlgebra } from '../../src/algebra/algebra.ts'
import { float64 } from '../../src/algebra/float64.ts'
import { tfjs } from '../../src/algebra/tfjs.ts'
import { ddpm, type Rule } from '../../src/diffusion/rule.ts'
import {
  dpm2,
  dpmpp2m,
  dpmpp2mSde,
  dpmpp3m,
  euler,
  eulerAncestral,
  heun,
  lcm,
  plms,
  unipc,
} from '../../src/diffusion/solver.ts'
import type { Schedule } from '../../src/diffusion/schedule.ts'
import { explicit } from '../../src/diffusion/spacing.ts'
import { type Transition, transitions } from '../../src/diffusion/transition.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { describeApart } from '../support/engines.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { snapshot } from '../../src/stream/snapshot.ts'
import { right } from '../laws/arbitrary.ts'
import { goldenPath, nchwToNhwc } from '../support/goldens.ts'
import { type Chain, closedForm, difference, largest, readChain } from './chain.ts'

/** How a peer's solver is asked for here. */
interface Peer {
  readonly rule: (settings: { readonly order: number }) => Rule
  /** Calls of the network before the k-th state of the chain, whole steps only, of S. */
  readonly callsBefore?: (k: number, steps: number) => number
  /** Whether the peer keeps x̄ = x/√ᾱ. */
  readonly exploding?: boolean
}

const twice = (k: number, steps: number): number => (k === steps ? 2 * steps - 1 : 2 * k)

const peers: Readonly<Record<string, Peer>> = {
  DPMSolverMultistepScheduler: { rule: ({ order }) => (order === 3 ? dpmpp3m() : dpmpp2m()) },
  'sde-dpmsolver++': { rule: dpmpp2mSde },
  UniPCMultistepScheduler: { rule: ({ order }) => unipc({ order: order as 1 | 2 | 3 }) },
  PNDMScheduler: { rule: plms, callsBefore: (k) => (k === 0 ? 0 : k + 1) },
  EulerDiscreteScheduler: { rule: euler, exploding: true },
  EulerAncestralDiscreteScheduler: { rule: () => eulerAncestral(), exploding: true },
  HeunDiscreteScheduler: { rule: heun, callsBefore: twice, exploding: true },
  KDPM2DiscreteScheduler: { rule: dpm2, callsBefore: twice, exploding: true },
  LCMScheduler: { rule: () => lcm() },
  DDPMScheduler: { rule: () => ddpm({ variance: 'learned-range' }) },
}

interface Settings {
  readonly scheduler: string
  readonly steps: number
  readonly timesteps: readonly number[]
  readonly config: {
    readonly algorithm_type?: string
    readonly solver_order?: number
    readonly set_alpha_to_one?: boolean
  }
}

const settingsOf = (chain: Chain): Settings => chain.settings as unknown as Settings

const peerOf = ({ scheduler, config }: Settings): Peer =>
  peers[config.algorithm_type === 'sde-dpmsolver++' ? config.algorithm_type : scheduler]!

/** The peer's timesteps, each once; real ones are second questions of DPM2. */
const stepsOf = (schedule: Schedule, { scheduler, timesteps, config }: Settings): readonly Transition[] => {
  const whole = [...new Set(timesteps.filter(Number.isInteger))]
  const finalLevel = scheduler === 'PNDMScheduler' && config.set_alpha_to_one !== true ? 'first' : 'clean'
  return right(transitions(schedule, explicit(whole), { finalLevel }))
}

/** The closed-form model, with cos(i) for a variance, and all its questions noted. */
const asked = <T>(algebra: VectorAlgebra<T>, chain: Chain): Denoiser<T> & { readonly times: number[] } => {
  const { shape } = chain.x[0]!
  const model = closedForm(algebra, chain.settings, shape)
  const [rows = 1, h = 1, w = 1, c = 1] = shape
  const planar = Float64Array.from({ length: rows * h * w * c }, (_, i) => Math.cos(i % (h * w * c)))
  const cosine = nchwToNhwc({ shape: [rows, c, h, w], data: planar })
  const times: number[] = []
  return {
    ...model,
    times,
    predict: (x, t, ...rest) => {
      times.push(t[0]!)
      return from(model.predict(x, t, ...rest)).pipe(
        map((prediction) => ({ ...prediction, variance: algebra.fromValues(cosine) })),
      )
    },
  }
}

const scaled = ({ shape, data }: Values, factor: number): Values => ({
  shape,
  data: Float64Array.from(data, (value) => factor * value),
})

/** The whole chain again, from the peer's x_T and with the peer's z; the largest error of each step, relative to its largest value. */
const replay = async <T>(algebra: VectorAlgebra<T>, chain: Chain): Promise<number> => {
  const { x, z } = chain
  const settings = settingsOf(chain)
  const { rule, callsBefore = (k: number) => k, exploding = false } = peerOf(settings)
  const model = asked(algebra, chain)
  const steps = stepsOf(model.schedule, settings)
  expect(steps).toHaveLength(settings.steps)
  const levels = [steps[0]!.from, ...steps.map(({ to }) => to)]
  const theirs = levels.map(({ alphaBar }, k) =>
    scaled(x[callsBefore(k, settings.steps)]!, exploding ? Math.sqrt(alphaBar) : 1),
  )
  const start = algebra.fromValues(theirs[0]!)
  const frames$ = from(steps).pipe(
    denoise({
      model,
      rule: rule({ order: settings.config.solver_order ?? 2 }),
      clip: 'none',
      start,
      noise: { name: 'the peer’s', draw: (draw) => Float32Array.from(z[draw - 1]!.data) },
    }),
    snapshot(),
    toArray(),
  )
  const snapshots = await lastValueFrom(frames$)
  algebra.dispose(start)
  expect(snapshots).toHaveLength(settings.steps)
  expect(model.times).toEqual(settings.timesteps.map((t): unknown => expect.closeTo(t, 2)))
  return Math.max(...snapshots.map(({ xt }, k) => difference(xt, theirs[k + 1]!) / largest(theirs[k + 1]!)))
}

const names = ['pndm-plms', 'dpmpp-2m', 'euler', 'heun']
  .map((name) => `steps/${name}.safetensors`)
  .concat(readdirSync(goldenPath('solvers')).map((file) => `solvers/${file}`))

const achieved: string[] = []
afterAll(() => {
  console.log(['error of a step’s largest value', ...achieved].join('\n'))
})

describe('the solvers of diffusers, step by step', () => {
  it('are all there', () => {
    expect(names).toHaveLength(21)
  })

  it.each(names)('%s', async (name) => {
    await tf.setBackend('cpu')
    const chain = readChain(name)
    const before = tf.memory().numTensors
    const errors = [await replay(float64, chain), await replay(tfjs, chain)]
    expect(tf.memory().numTensors).toBe(before)
    achieved.push(`${name.padEnd(46)} ${errors.map((error) => error.toExponential(1)).join('  ')}`)
    for (const error of errors) expect(error).toBeLessThan(2e-4)
  })
})

describeApart('the solvers of diffusers, step by step', (engine) => {
  it.each(names)('%s', async (name) => {
    const before = tf.memory().numTensors
    const error = await replay(tfjs, readChain(name))
    expect(tf.memory().numTensors).toBe(before)
    achieved.push(`${name.padEnd(46)} ${error.toExponential(1)} on ${engine}`)
    expect(error).toBeLessThan(2e-4)
  })
})
