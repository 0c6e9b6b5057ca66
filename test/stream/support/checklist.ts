/**
 * What every operator on frames has to stand up to, once: in virtual time on loose frames of numbers, and on tensors that
 * are counted, of runs that end in every way that a run can end.
 */
import * as tf from '@tensorflow/tfjs-core'
import { lastValueFrom, map, type Observable, of, Subject, take, tap, throwError } from 'rxjs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { VectorAlgebra } from '../../../src/algebra/algebra.ts'
import { tfjs } from '../../../src/algebra/tfjs.ts'
import { ddpm } from '../../../src/diffusion/rule.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import type { Denoiser } from '../../../src/model/denoiser.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import type { Frame } from '../../../src/stream/frame.ts'
import { respace } from '../../../src/stream/respace.ts'
import { settled } from '../../../src/stream/settled.ts'
import { countingAlgebra } from '../../support/counting-algebra.ts'
import { useBackend } from '../../support/tensorflow.ts'
import { type Loose, looseFrame, schedule, stepsOf } from './doubles.ts'
import { aWhile, macrotask, virtually } from './time.ts'

/** An operator on the frames of any algebra. */
export type OnFrames<A> = <T>(frames$: Observable<Frame<T>>) => Observable<A>

/** One operator on the checklist, as it treats a chain of five steps. */
export interface Checked<A> {
  readonly operator: OnFrames<A>
  /** What of it is a letter in marbles; the number of the step unless said. */
  readonly letter: (emitted: A) => string
  /** What comes of `-0-1-2-3-4-|`. */
  readonly marbles: string
  /** How long that is listened to; to its end unless said. */
  readonly subscription?: string
  /** What comes of `-0-#`; the same unless said. */
  readonly failing?: string
  /** The numbers of the loose frames. */
  readonly values?: (index: number) => Parameters<typeof looseFrame>[1]
  /** The operator with something in it that throws 'broken' at the first frame. */
  readonly throwing?: OnFrames<unknown>
  /** Whether it reads the frames itself, and so fails where they can't be read; it does not unless said. */
  readonly reads?: boolean
}

/** What of it matters on tensors. */
type OnTensors = Pick<Checked<unknown>, 'operator' | 'throwing' | 'reads'>

const SOURCE = '-0-1-2-3-4-|'

/** The five frames by the number of their step. */
export const looseFrames = (
  values: NonNullable<Checked<unknown>['values']> = () => undefined,
): Readonly<Record<string, Loose>> =>
  Object.fromEntries(stepsOf(5).map((step, index) => [String(index), looseFrame(step, values(index))]))

interface Sampled<T> {
  readonly frames$: Observable<Frame<T>>
  readonly calls: () => number
}

/** A run of five steps on tensors, whose network may fail at its third call. */
const sampling = <T>(algebra: VectorAlgebra<T>, fails = false): Sampled<T> => {
  let calls = 0
  const model: Denoiser<T> = {
    algebra,
    predicts: 'epsilon',
    schedule,
    shape: [2, 2, 1],
    range: 1,
    predict: (x) => {
      calls += 1
      if (fails && calls === 3) return throwError(() => new Error('out of memory'))
      return of({ output: algebra.clamp([[1, x]], -0.8, 0.9) })
    },
  }
  return {
    frames$: respace(schedule, trailing(5)).pipe(
      denoise({ model, rule: ddpm(), noise: philox({ seed: 7 }), batch: 2 }),
    ),
    calls: () => calls,
  }
}

const over = (stream$: Observable<unknown>): Promise<unknown> =>
  lastValueFrom(stream$, { defaultValue: undefined }).catch(() => undefined)

/** Where tensors live, and how many are left there. */
interface Ground<T> {
  readonly algebra: VectorAlgebra<T>
  readonly alive: () => number
  readonly faults: readonly string[]
}

const onTfjs = (): Ground<tf.Tensor> => {
  const before = tf.memory().numTensors
  return { algebra: tfjs, alive: () => tf.memory().numTensors - before, faults: [] }
}

/** What throws 'broken'. */
export const throws = (): never => {
  throw new Error('broken')
}

/** How a run may end, but by the network's failure. */
const endings: Readonly<Record<string, (operator: OnFrames<unknown>) => OnFrames<unknown>>> = {
  'is run to its end': (operator) => operator,
  'is cancelled at the first emission': (operator) => (frames$) => frames$.pipe(operator, take(1)),
  'throws downstream': (operator) => (frames$) => frames$.pipe(operator, map(throws)),
  'fails in the work of a sink': (operator) => (frames$) =>
    frames$.pipe(
      tap((frame) => {
        frame.waitUntil(macrotask().then(throws))
      }),
      operator,
    ),
}

/** Nothing is left of a run, nothing is read too late, and no call is made when it is over. */
const leavesNothing = <T>(
  where: string,
  open: () => Ground<T>,
  { operator, throwing, reads = false }: OnTensors,
): void => {
  const ends = (name: string, end: OnFrames<unknown>, fails = false): void => {
    it(`leaves nothing behind when a run ${name}, ${where}`, async () => {
      const ground = open()
      const { frames$, calls } = sampling(ground.algebra, fails)
      await over(end(frames$))
      await settled(frames$)
      const made = calls()
      await aWhile()
      expect([ground.alive(), ground.faults, calls()]).toEqual([0, [], made])
    })
  }
  for (const [name, end] of Object.entries(endings)) ends(name, end(operator))
  ends('fails in the network', operator, true)
  if (throwing !== undefined) ends('throws in what it was given', throwing)

  if (reads)
    for (const lost of [throws, () => macrotask().then(throws)])
      it(`fails and leaves nothing behind when numbers can’t be read, ${where}`, async () => {
        const ground = open()
        const { frames$, calls } = sampling({ ...ground.algebra, toValues: lost })
        await expect(lastValueFrom(frames$.pipe(operator))).rejects.toThrow('broken')
        await settled(frames$)
        await aWhile()
        expect([ground.alive(), ground.faults]).toEqual([0, []])
        expect(calls()).toBeLessThan(4)
      })

  it(`leaves nothing behind at whatever turn it is cancelled, ${where}`, async () => {
    for (let turns = 0; turns < 12; turns++) {
      const ground = open()
      const { frames$, calls } = sampling(ground.algebra)
      const subscription = frames$.pipe(operator).subscribe({ error: () => undefined })
      for (let turn = 0; turn < turns; turn++) await macrotask()
      subscription.unsubscribe()
      const made = calls()
      await settled(frames$)
      await aWhile()
      expect([turns, ground.alive(), ground.faults, calls()]).toEqual([turns, 0, [], made])
    }
  })
}

/**
 * Checks an operator on tensors alone, for what has no virtual time.
 *
 * @param name - what it is called
 * @param checked - what is particular about it
 */
export const leavesNothingOnTensors = (name: string, checked: OnTensors): void => {
  describe(`${name}, on tensors`, () => {
    beforeAll(() => useBackend('cpu'))
    leavesNothing('on tensors of tfjs', onTfjs, checked)
    for (const reading of ['at once', 'later'] as const)
      leavesNothing(
        `on tensors that are read ${reading}`,
        () => {
          const books = countingAlgebra(reading)
          return { algebra: books.algebra, alive: books.alive, faults: books.faults }
        },
        checked,
      )
  })
}

/**
 * Checks an operator.
 *
 * @param name - what it is called
 * @param checked - what is particular about it
 */
export const checklist = <A>(name: string, checked: Checked<A>): void => {
  const { operator, letter, marbles, subscription = '^----------!', failing = '-0-#', throwing } = checked
  const frames = looseFrames(checked.values)
  const seen = (frames$: Observable<Frame<number>>): Observable<string> => frames$.pipe(operator, map(letter))

  describe(`${name}, in virtual time`, () => {
    it('does what it is for, and listens as long as it has to', () => {
      virtually(({ cold, expectObservable, expectSubscriptions }) => {
        const source = cold(SOURCE, frames)
        expectObservable(seen(source)).toBe(marbles)
        expectSubscriptions(source.subscriptions).toBe(subscription)
      })
    })

    it('does the same again for another subscriber', () => {
      virtually(({ cold, expectObservable, expectSubscriptions }) => {
        const source = cold(SOURCE, frames)
        const twice$ = seen(source)
        expectObservable(twice$).toBe(marbles)
        expectObservable(twice$).toBe(marbles)
        expectSubscriptions(source.subscriptions).toBe([subscription, subscription])
      })
    })

    it('passes on that there is nothing, never will be, or that it fails', () => {
      virtually(({ cold, expectObservable, expectSubscriptions }) => {
        const source = (pattern: string): ReturnType<typeof cold<Loose>> => cold(pattern, frames, 'broken')
        const [empty, never, failed, late] = [source('|'), source('-'), source('#'), source('-0-#')]
        expectObservable(seen(empty)).toBe('|')
        expectObservable(seen(never), '^--!').toBe('----')
        expectObservable(seen(failed)).toBe('#', undefined, 'broken')
        expectObservable(seen(late)).toBe(failing, undefined, 'broken')
        expectSubscriptions(empty.subscriptions).toBe('(^!)')
        expectSubscriptions(never.subscriptions).toBe('^--!')
        expectSubscriptions(failed.subscriptions).toBe('(^!)')
      })
    })

    it('stops listening when nobody listens to it', () => {
      virtually(({ cold, expectObservable, expectSubscriptions }) => {
        const source = cold(SOURCE, frames)
        expectObservable(seen(source), '^-!').toBe(marbles.slice(0, 2))
        expectSubscriptions(source.subscriptions).toBe('^-!')
      })
    })

    it('stops listening at once when its first emission is enough', () => {
      const source = new Subject<Loose>()
      const emitted: string[] = []
      source.pipe(seen, take(1)).subscribe((one) => emitted.push(one))
      for (const frame of Object.values(frames)) source.next(frame)
      source.complete()
      expect(emitted).toEqual([/\d/.exec(marbles)?.[0]])
      expect(source.observed).toBe(false)
    })

    it('loses and repeats nothing when a frame comes while one is delivered', () => {
      const source = new Subject<Loose>()
      const waiting = Object.values(frames)
      const emitted: string[] = []
      const feed = (): void => {
        const frame = waiting.shift()
        if (frame !== undefined) source.next(frame)
      }
      source.pipe(seen).subscribe((one) => {
        emitted.push(one)
        feed()
      })
      while (waiting.length > 0) feed()
      expect(emitted).toEqual([...marbles.matchAll(/\d/g)].map(([digit]) => digit))
    })

    if (throwing !== undefined)
      it('fails, and stops listening, when what it was given throws', () => {
        virtually(({ cold, expectObservable, expectSubscriptions }) => {
          const source = cold(SOURCE, frames)
          expectObservable(source.pipe(throwing)).toBe('-#', undefined, new Error('broken'))
          expectSubscriptions(source.subscriptions).toBe('^!')
        })
      })
  })

  leavesNothingOnTensors(name, checked)
}
