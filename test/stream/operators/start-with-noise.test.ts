import { filter, lastValueFrom, map, type Observable, take, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim, ddpm } from '../../../src/diffusion/rule.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import { fork } from '../../../src/stream/fork.ts'
import type { Frame } from '../../../src/stream/frame.ts'
import { everyNth } from '../../../src/stream/operators/every-nth.ts'
import type { OfStep } from '../../../src/stream/operators/of-step.ts'
import { startWithNoise } from '../../../src/stream/operators/start-with-noise.ts'
import { takeSteps } from '../../../src/stream/operators/take-steps.ts'
import { replayFrom } from '../../../src/stream/replay-from.ts'
import { respace } from '../../../src/stream/respace.ts'
import { resume } from '../../../src/stream/resume.ts'
import { settled } from '../../../src/stream/settled.ts'
import { snapshot } from '../../../src/stream/snapshot.ts'
import type { Counted } from '../../support/counting-algebra.ts'
import { checklist, looseFrames } from '../support/checklist.ts'
import { slope, type Slope } from '../support/slope.ts'
import { virtually } from '../support/time.ts'

// marbles have no room for two in one place: here the noise is passed over, below it is what counts
checklist<OfStep>('startWithNoise', {
  operator: (frames$) =>
    frames$.pipe(
      startWithNoise(),
      filter(({ transition }) => transition.index >= 0),
    ),
  letter: ({ transition }) => String(transition.index),
  marbles: '-0-1-2-3-4-|',
})

const noise = philox({ seed: 7 })
const run = ({ model }: Slope): Observable<Frame<Counted>> =>
  respace(model.schedule, trailing(6)).pipe(denoise({ model, rule: ddpm(), noise, batch: 2 }))

const seen = (frames$: Observable<Frame<Counted>>): Promise<ReadonlyArray<[number, number[], number[]]>> =>
  lastValueFrom(
    frames$.pipe(
      snapshot({ xt: true, x0: true }),
      map(({ transition, xt, x0 }): [number, number[], number[]] => [
        transition.index,
        [...xt.data],
        [...x0.data],
      ]),
      toArray(),
    ),
  )

describe('startWithNoise', () => {
  it('is a frame to what counts those that come, and none to what counts steps', async () => {
    const indexes = (frames$: Observable<OfStep>): Promise<readonly number[]> =>
      lastValueFrom(
        frames$.pipe(
          map(({ transition }) => transition.index),
          toArray(),
        ),
      )
    const from = slope()
    expect(await indexes(run(from).pipe(startWithNoise(), takeSteps(3)))).toEqual([-1, 0, 1])
    expect(await indexes(run(from).pipe(takeSteps(3), startWithNoise()))).toEqual([-1, 0, 1, 2])
    expect(await indexes(run(from).pipe(startWithNoise(), everyNth(4)))).toEqual([-1, 3, 5])
  })

  it('emits the noise together with the first frame, once', () => {
    virtually(({ cold, expectObservable }) => {
      const source = cold('--0-----1-2-|', looseFrames())
      const letters$ = source.pipe(
        startWithNoise(),
        map(({ transition }) => (transition.index < 0 ? 'T' : String(transition.index))),
      )
      expectObservable(letters$).toBe('--(T0)--1-2-|')
    })
  })

  it('shows x_T, with what the network says about it', async () => {
    const [begin, first, ...others] = await seen(run(slope()).pipe(startWithNoise()))
    expect([begin?.[0], first?.[0]]).toEqual([-1, 0])
    expect(begin?.[1]).toEqual([...noise.draw(0, [2, 3])])
    expect(begin?.[2]).toEqual(first?.[2])
    expect([first, ...others]).toEqual(await seen(run(slope())))
  })

  it('is where the chain starts from: its step has no length', async () => {
    const transitions$ = run(slope()).pipe(
      startWithNoise(),
      map(({ transition }) => transition),
      take(2),
      toArray(),
    )
    const [begin, first] = await lastValueFrom(transitions$)
    expect(begin).toEqual({ ...first, index: -1, to: first?.from })
  })

  it('gives a chain that can be resumed, forked and replayed', async () => {
    const whole = await seen(run(slope()))
    expect(await seen(run(slope()).pipe(startWithNoise(), take(1), resume()))).toEqual(whole)

    const branches$ = run(slope()).pipe(
      startWithNoise(),
      take(1),
      fork({ ddim: resume({ rule: ddim() }), ddpm: resume() }),
    )
    const ends = (await seen(branches$)).slice(-2)
    expect(ends[1]).toEqual(whole.at(-1))
    expect(ends[0]).not.toEqual(whole.at(-1))

    const { model } = slope()
    const state = await lastValueFrom(
      run(slope()).pipe(
        startWithNoise(),
        take(1),
        map((frame) => frame.save()),
      ),
    )
    expect(await seen(replayFrom(state, { model, rule: ddpm(), noise }))).toEqual(whole)
  })

  it('comes with the first frame of each branch', async () => {
    const frames$ = run(slope()).pipe(takeSteps(2), fork({ a: resume(), b: resume() }), startWithNoise())
    const labels = frames$.pipe(
      map(({ branch, transition }) => `${branch}${String(transition.index)}`),
      take(6),
      toArray(),
    )
    expect(await lastValueFrom(labels)).toEqual(['a1', 'a2', 'b1', 'b2', 'a3', 'b3'])
  })

  it('can be kept, and outlives the run then', async () => {
    const taken = slope()
    const frames$ = run(taken)
    const kept = await lastValueFrom(
      frames$.pipe(
        startWithNoise(),
        take(1),
        map((frame) => frame.keep()),
      ),
    )
    await settled(frames$)
    expect([...kept.xt.values.data]).toEqual([...noise.draw(0, [2, 3])])
    kept[Symbol.dispose]()
    expect(() => kept.xt).toThrow('was read after')
    expect([taken.books.alive(), taken.books.faults]).toEqual([0, []])
  })
})
