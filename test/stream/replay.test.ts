import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { lastValueFrom, map, type Observable, take, toArray } from 'rxjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { decodeState, encodeState } from '../../src/checkpoint/saved-state.ts'
import { tfjs } from '../../src/algebra/tfjs.ts'
import type { SavedState } from '../../src/diffusion/saved-state.ts'
import { ddim, ddpm, type Rule } from '../../src/diffusion/rule.ts'
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
  rules,
  unipc,
} from '../../src/diffusion/solver.ts'
import { karras, trailing } from '../../src/diffusion/spacing.ts'
import { switchRule } from '../../src/diffusion/switch-rule.ts'
import { E } from '../../src/fp.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { guided } from '../../src/model/guided.ts'
import { philox } from '../../src/noise/philox.ts'
import { torch } from '../../src/noise/torch.ts'
import { denoise } from '../../src/stream/denoise.ts'
import type { Frame } from '../../src/stream/frame.ts'
import { recordStates } from '../../src/stream/operators/record-states.ts'
import { checkReplay, replayFrom } from '../../src/stream/replay-from.ts'
import { respace } from '../../src/stream/respace.ts'
import { resume } from '../../src/stream/resume.ts'
import { settled } from '../../src/stream/settled.ts'
import { snapshot } from '../../src/stream/snapshot.ts'
import { useBackend } from '../support/tensorflow.ts'
import { slope } from './support/slope.ts'

const STEPS = 8
const noise = philox({ seed: 7 })

const every: Readonly<Record<string, Rule>> = {
  ddim: ddim(),
  half: ddim({ eta: 0.5 }),
  ddpm: ddpm(),
  large: ddpm({ variance: 'fixed-large' }),
  plms: plms(),
  euler: euler(),
  ancestral: eulerAncestral(),
  heun: heun(),
  dpm2: dpm2(),
  '2m': dpmpp2m(),
  '2m sde': dpmpp2mSde(),
  '3m': dpmpp3m(),
  '3m sde': dpmpp3mSde(),
  unipc: unipc(),
  'unipc of order 3': unipc({ order: 3 }),
  lcm: lcm(),
  switching: switchRule([{ until: { step: 3 }, rule: dpmpp3m() }, { rule: plms() }]),
}

/** A state that has been to a file and back. */
const stored = (state: SavedState): SavedState => {
  const found = decodeState('run.safetensors', encodeState(state))
  if (E.isLeft(found)) throw found.left
  return found.right
}

const path = <T>(frames$: Observable<Frame<T>>): Promise<ReadonlyArray<readonly number[]>> =>
  lastValueFrom(
    frames$.pipe(
      snapshot({ xt: true, x0: true }),
      map(({ transition, xt, x0 }) => [transition.index, ...xt.data, ...x0.data]),
      toArray(),
    ),
    { defaultValue: [] },
  )

describe('every rule that there is', () => {
  it('is among those that are replayed here', () => {
    const made = new Set(Object.values(every).map(({ name }) => name.replace(/\(.*/, '')))
    for (const [name, make] of Object.entries(rules)) {
      const { name: own } = make()
      expect([name, [...made].some((one) => own.startsWith(one))]).toEqual([name, true])
    }
  })
})

describe.each(Object.entries(every))('a chain by %s', (_, rule) => {
  it('goes on from any state, through a file, as if nothing had been cut: in float64', async () => {
    const taken = slope()
    const config = { model: taken.model, rule, noise }
    const frames$ = respace(taken.model.schedule, trailing(STEPS)).pipe(denoise({ ...config, batch: 2 }))
    const whole = await path(frames$)
    const states = await lastValueFrom(frames$.pipe(recordStates(), toArray()))
    expect(states).toHaveLength(STEPS - 1)
    for (const [after, state] of states.entries()) {
      expect(stored(state)).toEqual(state)
      const replayed$ = replayFrom(stored(state), config)
      expect(await path(replayed$)).toEqual(whole.slice(after + 1))
      await settled(replayed$)
    }
    await settled(frames$)
    expect([taken.books.alive(), taken.books.faults]).toEqual([0, []])
  })

  it('and on tensors of tfjs', async () => {
    await useBackend('cpu')
    const before = tf.memory().numTensors
    const model: Denoiser<tf.Tensor> = {
      algebra: tfjs,
      predicts: 'epsilon',
      schedule: slope().model.schedule,
      shape: [2, 2, 1],
      range: 1,
      predict: async (x, t) =>
        Promise.resolve({ output: tf.tidy(() => tf.tanh(tf.mul(x, (t[0] ?? 0) / 900))) }),
    }
    const config = { model, rule, noise }
    const frames$ = respace(model.schedule, karras(5)).pipe(denoise({ ...config, batch: 2, clip: 'x0+eps' }))
    const whole = await path(frames$)
    const states = await lastValueFrom(frames$.pipe(recordStates(2), toArray()))
    for (const [k, state] of states.entries()) {
      const replayed$ = replayFrom(stored(state), config)
      expect(await path(replayed$)).toEqual(whole.slice(2 * (k + 1)))
      await settled(replayed$)
    }
    await settled(frames$)
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('replayFrom', () => {
  beforeAll(() => useBackend('cpu'))
  const { model, calls } = slope()
  const config = { model, rule: ddpm(), noise }
  const stateAfter = async (steps: number): Promise<SavedState> =>
    lastValueFrom(
      respace(model.schedule, trailing(STEPS)).pipe(
        denoise({ ...config, batch: 2 }),
        recordStates(steps),
        take(1),
      ),
    )

  it('gives the same noise whatever its source: torch’s, too', async () => {
    const torchy = { ...config, noise: torch({ seed: 3 }) }
    const frames$ = respace(model.schedule, trailing(STEPS)).pipe(denoise({ ...torchy, batch: 2 }))
    const state = await lastValueFrom(frames$.pipe(recordStates(3), take(1)))
    expect(await path(replayFrom(state, torchy))).toEqual((await path(frames$)).slice(3))
  })

  it('starts once for each subscription, from the same state', async () => {
    const replayed$ = replayFrom(await stateAfter(3), config)
    expect(await path(replayed$)).toEqual(await path(replayed$))
  })

  it('changes what it is told to from there on', async () => {
    const state = await stateAfter(3)
    const cut$ = respace(model.schedule, trailing(STEPS)).pipe(denoise({ ...config, batch: 2 }), take(3))
    const changes = { rule: ddim(), spacing: trailing(20) }
    expect(await path(replayFrom(state, config, changes))).toEqual(await path(cut$.pipe(resume(changes))))
  })

  it.each([
    ['another rule', { rule: ddim() }, 'rule'],
    ['another η', { rule: ddim({ eta: 0.5 }) }, 'rule'],
    ['noise of another seed', { noise: philox({ seed: 8 }) }, 'noise'],
    ['noise of another kind', { noise: torch({ seed: 7 }) }, 'noise'],
    ['a model of another shape', { model: { ...model, shape: [4] } }, 'model'],
  ] as const)('refuses %s, before anything runs', async (_, change, what) => {
    const state = await stateAfter(3)
    const asked = calls.length
    await expect(lastValueFrom(replayFrom(state, { ...config, ...change }))).rejects.toMatchObject({
      _tag: 'StateMismatch',
      what,
    })
    expect(calls.length).toBe(asked)
  })

  it('refuses another model and another engine, where they say which they are', async () => {
    const known = { ...model, origin: { model: 'a1', engine: 'onnx' } }
    const frames$ = respace(model.schedule, trailing(STEPS)).pipe(denoise({ ...config, model: known }))
    const state = await lastValueFrom(frames$.pipe(recordStates(3), take(1)))
    const by = (origin: { model: string; engine: string }): Promise<unknown> =>
      lastValueFrom(replayFrom(state, { ...config, model: { ...model, origin } }))
    await expect(by({ model: 'b2', engine: 'onnx' })).rejects.toMatchObject({
      what: 'model',
      saved: 'a1',
      given: 'b2',
    })
    await expect(by({ model: 'a1', engine: 'wasm' })).rejects.toMatchObject({ what: 'engine' })
    await expect(lastValueFrom(replayFrom(state, config))).rejects.toMatchObject({ what: 'model' })
    expect(await by(known.origin)).toBeDefined()
  })
})

describe('a model that does not say which it is', () => {
  it('is known by what it predicts, and in which range', async () => {
    const model = { ...slope().model, range: 1 }
    const config = { model, rule: dpmpp2m(), noise }
    const frames$ = respace(model.schedule, trailing(STEPS)).pipe(denoise(config))
    const state = await lastValueFrom(frames$.pipe(recordStates(3), take(1)))
    const read = E.getOrElseW(() => state)(decodeState('run.safetensors', encodeState(state)))
    const { range: _, ...boundless } = model
    for (const [other, message] of [
      [
        { ...model, predicts: 'sample' },
        'the prediction that it was made with, epsilon, and not with sample',
      ],
      [{ ...model, range: 2 }, 'the range of the data that it was made with, 1, and not with 2'],
      [boundless, 'the range of the data that it was made with, 1, and not with none'],
      [{ ...model, shape: [7] }, 'the model that it was made with'],
    ] as const)
      expect(checkReplay(read, { ...config, model: other })).toMatchObject(
        E.left({ _tag: 'StateMismatch', message: expect.stringContaining(message) as string }),
      )
    expect(checkReplay(read, config)).toEqual(E.right(undefined))
    // states of before
    const { answers: __, ...makers } = state.makers
    expect(checkReplay({ ...state, makers }, { ...config, model: boundless })).toEqual(E.right(undefined))
  })
})

describe('what a model and a rule are called', () => {
  it('tells apart what answers differently', () => {
    const origin = { model: 'a1', engine: 'onnx' }
    const model = { ...slope().model, origin, labels: { count: 4, unconditional: 3 } }
    const names = [
      guided({ weight: 2 }),
      guided({ weight: 3 }),
      guided({ weight: 2, rescale: 0.5 }),
      guided({ weight: 2, negative: { labels: [1] } }),
      guided({ weight: 2, negative: { labels: [2] } }),
    ].map((guide) => guide(model).origin?.model)
    expect(names[3]).toBe('a1 guided 2, away from 1')
    expect(new Set(names).size).toBe(names.length)
    const rules = [lcm(), lcm({ boundary: 'none' }), lcm({ boundary: { scale: 3 } })]
    expect(rules.map(({ name }) => name)).toEqual(['lcm', 'lcm(boundary none)', 'lcm(scale 3, data 0.5)'])
  })
})

describe('the file of a state', () => {
  const broken = async (change: (json: Record<string, unknown>) => unknown): Promise<unknown> => {
    const { model } = slope()
    const frames$ = respace(model.schedule, trailing(STEPS)).pipe(
      denoise({ model, rule: dpmpp2m(), noise, clip: { mode: 'threshold', range: 1, largest: Infinity } }),
    )
    const state = await lastValueFrom(frames$.pipe(recordStates(3), take(1)))
    const text = new TextDecoder('latin1').decode(encodeState(state))
    const [, quoted = ''] = /"rxdiffusion\.state":("(?:[^"\\]|\\.)*")/.exec(text) ?? []
    const json = JSON.parse(JSON.parse(quoted) as string) as Record<string, unknown>
    const { encodeSafetensors } = await import('../../src/checkpoint/encode-safetensors.ts')
    const bytes = encodeSafetensors(new Map(state.tensors.map((values, place) => [String(place), values])), {
      'rxdiffusion.state': JSON.stringify(change(json)),
    })
    const found = decodeState('run.safetensors', bytes)
    return E.isLeft(found) ? found.left.message : found.right
  }

  it.each([
    ['of another version', (json: object) => ({ ...json, version: 2 }), 'version is 2'],
    ['with no steps', (json: object) => ({ ...json, ahead: undefined }), 'ahead is '],
    ['with ᾱ above 1', (json: object) => ({ ...json, at: { t: 3, alphaBar: 2 } }), 'at.alphaBar is 2'],
    [
      'with a history of tensors that it has not',
      (json: object) => ({
        ...json,
        history: [
          {
            transition: (json as SavedState).ahead[0],
            estimate: { x0: [[1, 99]], eps: [] },
          },
        ],
      }),
      'its tensors are not those that it speaks of',
    ],
    ['that holds a list', () => [], 'it does not hold named settings'],
  ])('is refused when it is one %s', async (_, change, reason) => {
    expect(await broken(change)).toContain(reason)
  })

  it('is refused, or is the same, whatever bit of it has turned over', async () => {
    const { model } = slope()
    const frames$ = respace(model.schedule, trailing(STEPS)).pipe(denoise({ model, rule: dpmpp2m(), noise }))
    const state = await lastValueFrom(frames$.pipe(recordStates(3), take(1)))
    const whole = encodeState(state)
    expect(decodeState('run.safetensors', whole)).toEqual(E.right(state))
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(7), (at, bit) => {
        const bytes = whole.map((byte, k) => (k === at ? byte ^ (1 << bit) : byte))
        const found = decodeState('run.safetensors', bytes)
        if (E.isRight(found)) expect(found.right).toEqual(state)
      }),
      { numRuns: 500 },
    )
  })

  it('is refused when only its JSON is another', async () => {
    expect(await broken((json) => ({ ...json, draws: 7 }))).toContain('it is damaged')
  })
})
