/**
 * What forks cost, and what sharing calls brings (`npm run bench:streams`):
 *
 * 1. without a network: a step of a loop by hand, of the stream, and of each branch of a fork;
 * 2. with the default model: runs of one image each, one after the other and all at once over {@link coalesce}.
 *
 * Rivals take turns, round after round; every number is a median over the rounds.
 */
import * as tf from '@tensorflow/tfjs-core'
import { cpus, loadavg } from 'node:os'
import { lastValueFrom, merge, of } from 'rxjs'
import {
  coalesce,
  ddim,
  denoise,
  type Denoiser,
  fork,
  linearSchedule,
  loadModel,
  type NoiseSource,
  openEngine,
  orThrow,
  philox,
  respace,
  tfjs,
  trailing,
} from '../src/node.ts'
import { sampleByHand } from './by-hand.ts'
import { median, table } from './statistics.ts'

const ROUNDS = 9

/** Times rivals in turn, in an order that rotates; the median of each, in milliseconds. */
const race = async <K extends string>(
  rivals: Readonly<Record<K, () => Promise<unknown>>>,
): Promise<Record<K, number>> => {
  const names = Object.keys(rivals) as K[]
  for (const name of names) for (let k = 0; k < 3; k += 1) await rivals[name]()
  const times = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<K, number[]>
  for (let round = 0; round < ROUNDS; round += 1)
    for (let k = 0; k < names.length; k += 1) {
      const name = names[(round + k) % names.length]!
      const begun = performance.now()
      await rivals[name]()
      times[name].push(performance.now() - begun)
    }
  return Object.fromEntries(names.map((name) => [name, median(times[name])])) as Record<K, number>
}

const engine = await orThrow(openEngine('onnx'))

const STEPS = 500
const shape = [28, 28, 1]
const quiet = tf.zeros([1, ...shape])
const still: Denoiser<tf.Tensor> = {
  algebra: tfjs,
  shape,
  predicts: 'epsilon',
  schedule: linearSchedule(),
  range: 1,
  predict: () => of({ output: tf.clone(quiet) }),
}
const noise = philox({ seed: 0 })
const chain = denoise({ model: still, rule: ddim(), noise })
const forkOf = (branches: number) => () =>
  lastValueFrom(
    respace(still.schedule, trailing(STEPS)).pipe(
      fork(Object.fromEntries(Array.from({ length: branches }, (_, k) => [`b${k}`, chain]))),
    ),
  )
const nullTimes = await race({
  hand: () => {
    const answer = Promise.resolve(new Float32Array(28 * 28))
    return sampleByHand(() => answer, noise.draw(0, [1, 28 * 28]), STEPS)
  },
  stream: () => lastValueFrom(respace(still.schedule, trailing(STEPS)).pipe(chain)),
  fork1: forkOf(1),
  fork2: forkOf(2),
  fork4: forkOf(4),
  fork8: forkOf(8),
})
const us = (ms: number, branches = 1): string => ((1000 * ms) / STEPS / branches).toFixed(1)

console.log(
  `${cpus()[0]?.model ?? ''}, ${String(cpus().length)} cores; ${engine.about}; load ${loadavg()[0]!.toFixed(1)}\n`,
)
console.log(
  table(
    ['without a network, 28×28×1', 'µs/step', 'µs/step and branch'],
    [
      ['a loop by hand', us(nullTimes.hand), us(nullTimes.hand)],
      ['the stream', us(nullTimes.stream), us(nullTimes.stream)],
      ...([1, 2, 4, 8] as const).map((branches) => {
        const ms = nullTimes[`fork${branches}`]
        return [`a fork of ${String(branches)}`, us(ms), us(ms, branches)]
      }),
    ],
  ),
)

const CHAIN = 10
const network = await orThrow(loadModel(engine, 'pipelines/models/fashion-mnist'))
/** A run of one image: the noise of sample k is its own wherever it is computed. */
const runOf = (model: Denoiser<tf.Tensor>, k: number) => {
  const own: NoiseSource = philox({ seed: 0, samples: [k] })
  return respace(model.schedule, trailing(CHAIN)).pipe(
    denoise({ model, rule: ddim(), noise: own, condition: { labels: [k % 10] } }),
  )
}
const rows: string[][] = []
for (const runs of [1, 4, 16, 64]) {
  const all = Array.from({ length: runs }, (_, k) => k)
  const { alone, together } = await race({
    alone: async () => {
      for (const k of all) await lastValueFrom(runOf(network, k))
    },
    together: () => {
      const model = coalesce(network)
      return lastValueFrom(merge(...all.map((k) => runOf(model, k))))
    },
  })
  const perSecond = (ms: number): string => ((1000 * runs) / ms).toFixed(2)
  rows.push([String(runs), perSecond(alone), perSecond(together), (alone / together).toFixed(2)])
}
console.log(`\n${String(CHAIN)} DDIM steps of the default model; images a second`)
console.log(table(['runs', 'one by one', 'coalesced', '×'], rows))
console.log(`load ${loadavg()[0]!.toFixed(1)} after`)
network[Symbol.dispose]()
