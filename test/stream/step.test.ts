import { EMPTY, firstValueFrom, from, lastValueFrom, NEVER, of, throwError, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { linearForm } from '../../src/diffusion/linear-form.ts'
import { ddim, ddpm, rule } from '../../src/diffusion/rule.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { philox } from '../../src/noise/philox.ts'
import { type Latent, step } from '../../src/stream/step.ts'
import { type Counted, countingAlgebra } from '../support/counting-algebra.ts'
import { countedNoise, modelThat, schedule, stepsOf } from './support/doubles.ts'
import { virtually } from './support/time.ts'

const [first, second] = stepsOf(2)
if (first === undefined || second === undefined) throw new Error('two steps were asked for')
const noise = philox({ seed: 7 })
const latent: Latent<number> = { x: 1.5, draws: 1 }

describe('step', () => {
  it('makes one latent of one, with one call of the network that ends with it', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const call = cold('      ---p--|', { p: { output: 0.5 } })
      const callSubs = '       -^--!  '
      const latents = cold('   -x|    ', { x: latent })
      const subs = '           ^-!    '
      const expected = '       ----(x|)'
      const model = modelThat(() => call)
      const signal = Math.sqrt(first.from.alphaBar)
      const x0 = (1.5 - Math.sqrt(1 - first.from.alphaBar) * 0.5) / signal
      const stepped$ = latents.pipe(step({ model, rule: ddim(), noise })(first))
      expectObservable(stepped$).toBe(expected, {
        x: expect.objectContaining({
          x: expect.closeTo(
            Math.sqrt(first.to.alphaBar) * x0 + Math.sqrt(1 - first.to.alphaBar) * 0.5,
            12,
          ) as number,
          draws: 1,
          transition: first,
          previous: { x: 1.5, draws: 1, history: [] },
        }) as never,
      })
      expectSubscriptions(call.subscriptions).toBe(callSubs)
      expectSubscriptions(latents.subscriptions).toBe(subs)
    })
  })

  it('asks at the time of the transition, not at the level’s, once for every row', async () => {
    const model = modelThat(() => of({ output: 0 }))
    await lastValueFrom(of(latent).pipe(step({ model, rule: ddim(), noise })({ ...first, at: 123 })))
    expect(model.calls.map(({ t }) => t)).toEqual([[123]])
  })

  it('passes on emptiness, silence and errors', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const next = step({ model: modelThat(() => of({ output: 0 })), rule: ddim(), noise })(first)
      expectObservable(EMPTY.pipe(next)).toBe('|')
      const never = cold<Latent<number>>('-')
      expectObservable(never.pipe(next), '^--!').toBe('----')
      expectSubscriptions(never.subscriptions).toBe('^--!')
      expectObservable(throwError(() => 'broken').pipe(next)).toBe('#', undefined, 'broken')
    })
  })

  it('aborts its call when unsubscribed', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const call = cold('      -----p|', { p: { output: 0.5 } })
      const callSubs = '       ^--!   '
      const unsub = '          ---!   '
      const model = modelThat(() => call)
      expectObservable(of(latent).pipe(step({ model, rule: ddim(), noise })(first)), unsub).toBe('----')
      expectSubscriptions(call.subscriptions).toBe(callSubs)
      flush()
      expect(model.calls[0]?.signal.aborted).toBe(true)
    })
  })

  it('fails when it is built, before the network is asked, where something is illegal', () => {
    const model = modelThat(() => NEVER)
    // a schedule at whose end nothing of the image is left
    const alphaBars = schedule.alphaBars.map((alphaBar, t) => (t === 999 ? 0 : alphaBar))
    const dark = { ...model, schedule: { ...schedule, alphaBars } }
    const fromDark = { ...first, from: { t: 999, alphaBar: 0 } }
    expect(() => step({ model: dark, rule: ddim(), noise })(fromDark)).toThrow(
      expect.objectContaining({ _tag: 'EpsilonAtZeroSnr' }),
    )
    expect(() => step({ model, rule: ddim({ eta: () => 7 }), noise })(first)).toThrow(
      expect.objectContaining({ _tag: 'EtaOutOfRange' }),
    )
    expect(() => step({ model, rule: ddim(), noise, clip: 'x0+eps' })(first)).toThrow(
      expect.objectContaining({ _tag: 'ClipWithoutRange' }),
    )
    expect(() => step({ model, rule: ddim(), noise })({ ...first, from: { t: 999, alphaBar: 0.5 } })).toThrow(
      expect.objectContaining({ _tag: 'ScheduleMismatch' }),
    )
    const astray = rule('astray', [() => linearForm({ x0: 1 / 0 })])
    expect(() => step({ model, rule: astray, noise })(first)).toThrow(
      expect.objectContaining({ _tag: 'RuleInvalid', rule: 'astray' }),
    )
    expect(model.calls).toHaveLength(0)
  })

  it('draws the next z where its rule has noise, and none where it has not', async () => {
    const counted = countedNoise()
    const model = modelThat(() => of({ output: 0.1 }))
    const chain = from([{ x: 1, draws: 5 }]).pipe(
      step({ model, rule: ddim(), noise: counted })(first),
      step({ model, rule: ddpm(), noise: counted })(first),
      step({ model, rule: ddpm(), noise: counted })(first),
      // the step to the clean level
      step({ model, rule: ddpm(), noise: counted })(second),
    )
    const { draws } = await lastValueFrom(chain)
    expect(counted.draws).toEqual([5, 6])
    expect(draws).toBe(7)
  })
})

describe('step, on tensors', () => {
  const shape = [2, 3]
  const modelIn = ({ algebra }: ReturnType<typeof countingAlgebra>, variance = false): Denoiser<Counted> => ({
    algebra,
    predicts: 'epsilon',
    schedule,
    shape: [3],
    range: 1,
    predict: (x) => {
      const output = algebra.combine([[0.5, x]])
      return of(variance ? { output, variance: algebra.combine([[0.1, x]]) } : { output })
    },
  })
  const start = ({ algebra }: ReturnType<typeof countingAlgebra>): Counted =>
    algebra.fromValues({ shape, data: Float64Array.of(1, 2, 3, -1, -2, -3) })

  it('disposes of nothing that it is given, and owns up to everything that it makes', async () => {
    for (const clip of ['none', 'x0', 'x0+eps'] as const)
      for (const variance of [false, true]) {
        const books = countingAlgebra()
        const x = start(books)
        const next = step({ model: modelIn(books, variance), rule: ddpm(), noise, clip })(first)
        const stepped = await firstValueFrom(of({ x, draws: 1 }).pipe(next))
        expect(stepped.made).toContain(stepped.x)
        expect(stepped.made).not.toContain(x)
        expect(books.alive()).toBe(1 + stepped.made.length)
        stepped.made.forEach(books.algebra.dispose)
        expect(books.algebra.toValues(x)).toMatchObject({ shape })
        expect(books.faults).toEqual([])
      }
  })

  it('computes one combination where nothing is clipped', async () => {
    const books = countingAlgebra()
    const x = start(books)
    const quiet = {
      ...modelIn(books),
      predict: (of_: Counted) => of({ output: books.algebra.clamp([[1, of_]], -1, 1) }),
    }
    await firstValueFrom(
      of({ x, draws: 1 }).pipe(step({ model: quiet, rule: ddpm(), noise, clip: 'none' })(first)),
    )
    expect(books.combined()).toBe(1)
  })

  it('leaves nothing behind where the noise or the combination throws', async () => {
    const deaf = {
      name: 'deaf',
      draw: (): Float32Array => {
        throw new Error('no noise')
      },
    }
    const short = { name: 'short', draw: () => new Float32Array(1) }
    const wild = {
      ...ddim(),
      refine: () => {
        throw new Error('nothing better')
      },
    }
    const cases = [
      { rule: ddpm(), noise: deaf, error: 'no noise' },
      { rule: ddpm(), noise: short, error: '1 values' },
      { rule: wild, noise, error: 'nothing better' },
    ]
    for (const { error, ...config } of cases) {
      const books = countingAlgebra()
      const x = start(books)
      const next = step({ model: modelIn(books, true), clip: 'x0', ...config })(first)
      await expect(lastValueFrom(of({ x, draws: 1 }).pipe(next, toArray()))).rejects.toThrow(error)
      expect(books.alive()).toBe(1)
      expect(books.faults).toEqual([])
    }
  })

  it('composes: a chain is the composition of its steps', async () => {
    const model = modelThat(({ x }) => of({ output: x / 2 }))
    const next = step({ model, rule: ddim(), noise })
    const composed = await lastValueFrom(of(latent).pipe(next(first), next(second)))
    const one = await lastValueFrom(of(latent).pipe(next(first)))
    const two = await lastValueFrom(of<Latent<number>>(one).pipe(next(second)))
    expect(composed.x).toBe(two.x)
  })
})
