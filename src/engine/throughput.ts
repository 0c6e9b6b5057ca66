/**
 * How fast an engine is on this machine, roughly: for people who choose one.
 */
import * as tf from '@tensorflow/tfjs-core'
import { firstValueFrom } from 'rxjs'
import { fail, type Failure } from '../failure.ts'
import { pipe, TE } from '../fp.ts'
import { ask } from '../model/ask.ts'
import type { Engine, Model } from './engine.ts'
import { loadModel } from './load-model.ts'
import { reasonOf } from './reason.ts'

/** Calls of a model with one sample, one after the other, each waited for. */
const measure = async (model: Model, seconds: number): Promise<number> => {
  const x = tf.zeros([1, ...model.shape])
  const call = async (): Promise<void> => {
    const condition = model.labels === undefined ? {} : { labels: [0] }
    const { output, variance } = await firstValueFrom(ask(model, { x, t: [500], condition }))
    await output.data()
    tf.dispose([output, ...(variance === undefined ? [] : [variance])])
  }
  try {
    // the first compiles
    await call()
    const begun = performance.now()
    let calls = 0
    do {
      await call()
      calls += 1
    } while (performance.now() - begun < seconds * 1000)
    return (1000 * calls) / (performance.now() - begun)
  } finally {
    x.dispose()
  }
}

/**
 * Measures an engine that has just been opened.
 *
 * @param engine - the current one
 * @param seconds - how long, at least; one call is made in any case
 * @returns steps of one sample of the default model in a second
 */
export const throughput = (engine: Engine, seconds = 2): TE.TaskEither<Failure, number> =>
  pipe(
    loadModel(engine),
    TE.chain((model) =>
      TE.tryCatch(
        () =>
          measure(model, seconds).finally(() => {
            model[Symbol.dispose]()
          }),
        (error): Failure => fail('ModelRejected', { engine: engine.name, reason: reasonOf(error) }),
      ),
    ),
  )
