/**
 * A network from a file as a {@link Denoiser} of tensors, asked as its manifest says.
 */
import * as tf from '@tensorflow/tfjs-core'
import { defer, finalize, from, map, throwError } from 'rxjs'
import type { Shape, Values } from '../algebra/algebra.ts'
import { sameShape, showShape, sizeOf } from '../algebra/shape.ts'
import { tfjs } from '../algebra/tfjs.ts'
import type { NetworkManifest } from '../checkpoint/manifest-network.ts'
import { flowOptions } from '../checkpoint/manifest-schedule.ts'
import type { Schedule } from '../diffusion/schedule.ts'
import { fail } from '../failure.ts'
import { E } from '../fp.ts'
import { checkLabels } from '../model/condition.ts'
import type { Denoiser } from '../model/denoiser.ts'
import type { Layout } from '../model/denoiser-of.ts'
import { flowDenoiser } from '../model/flow.ts'
import { normalized } from '../model/normalized.ts'
import { encodeTime } from '../model/time-code.ts'
import { toPrediction } from '../model/to-prediction.ts'
import type { ForeignNetwork } from '../model/transplanted.ts'
import type { Network, NetworkFeed } from './network.ts'
import type { Binding } from './network-binding.ts'

const rejected = (engine: string, reason: string): Error => fail('ModelRejected', { engine, reason })

/** Images as the network wants them; new, where they have to be moved. */
export const enter = (layout: Layout, x: tf.Tensor): tf.Tensor =>
  layout === 'NCHW' && x.rank === 4 ? tf.transpose(x, [0, 3, 1, 2]) : x

/** Images of the network as we keep them; new, where they have to be moved. */
export const leave = (layout: Layout, x: tf.Tensor): tf.Tensor =>
  layout === 'NCHW' && x.rank === 4 ? tf.transpose(x, [0, 2, 3, 1]) : x

/** Times in the shape that the network wants. */
const timesOf = (
  kind: string,
  { timeShape, layout }: Binding,
  shape: Shape,
  times: readonly number[],
): Values => {
  const rows = times.length
  switch (timeShape) {
    case 'vector':
      return { shape: [rows], data: Float64Array.from(times) }
    case 'column':
      return { shape: [rows, 1], data: Float64Array.from(times) }
    case 'scalar': {
      if (times.some((time) => time !== times[0]))
        throw rejected(kind, 'it takes one time for the whole batch, and the rows have different ones')
      return { shape: [], data: Float64Array.of(times[0] ?? 0) }
    }
    case 'image': {
      const [height = 1, width = 1] = shape
      const pixels = height * width
      return {
        shape: layout === 'NCHW' ? [rows, 1, height, width] : [rows, height, width, 1],
        data: Float64Array.from({ length: rows * pixels }, (_, i) => times[Math.floor(i / pixels)] ?? 0),
      }
    }
  }
}

/** Classes as the network wants them. */
const classesOf = (
  { as, port, labels: { count } }: NonNullable<Binding['condition']>,
  labels: readonly number[],
): Values => {
  const rows = labels.length
  if (as === 'integer')
    return { shape: port.shape?.length === 2 ? [rows, 1] : [rows], data: Float64Array.from(labels) }
  const data = new Float64Array(rows * count)
  labels.forEach((label, row) => {
    data[row * count + label] = 1
  })
  return { shape: [rows, count], data }
}

/**
 * A denoiser that asks a network as a manifest says.
 *
 * @param network - which stays the caller's to dispose of
 * @param manifest - what the network is
 * @param binding - which input is what; see {@link bind}
 * @param schedule - the noise that it was trained on
 */
export const networkDenoiser = (
  network: Network,
  manifest: NetworkManifest,
  binding: Binding,
  schedule: Schedule,
): Denoiser<tf.Tensor> => {
  const { kind, shape, learnedVariance = false, range = [-1, 1], prediction } = manifest
  const { x: port, t: timePort, condition: known, output, layout } = binding
  const encode = encodeTime(schedule, manifest.time)
  const channels = shape.at(-1) ?? 1
  const answered = [...shape.slice(0, -1), learnedVariance ? 2 * channels : channels]

  const checkRows = (rows: number): void => {
    const fixed = port.shape?.[0]
    if (fixed !== undefined && fixed !== rows)
      throw rejected(
        kind,
        `its input ${port.name} takes ${fixed} rows, and ${rows} were given; ask for a batch of ${fixed}, or export it with any number of rows`,
      )
  }
  const checkAnswer = (answer: tf.Tensor): void => {
    const [, ...row] = leave(layout, answer).shape
    if (!sameShape(row, answered) || answer.size % sizeOf(answered) !== 0)
      throw rejected(
        kind,
        `its output ${output} is ${showShape(row)} for each row, not ${showShape(answered)}${learnedVariance ? '' : ' (learnedVariance is not said)'}`,
      )
  }

  const ask: ForeignNetwork<tf.Tensor> = (x, times, condition, { signal }) =>
    defer(() => {
      const checked = checkLabels(known?.labels, times.length)(condition)
      if (E.isLeft(checked)) return throwError(() => checked.left)
      checkRows(times.length)
      const feeds = new Map<string, NetworkFeed>([
        [timePort.name, timesOf(kind, binding, shape, times)],
        ...(known === undefined || checked.right === undefined
          ? []
          : [[known.port.name, classesOf(known, checked.right)] as const]),
      ])
      const entered = enter(layout, x)
      feeds.set(port.name, entered)
      return from(network.run(feeds, output, { signal })).pipe(
        map((answer) => {
          try {
            tf.tidy(() => checkAnswer(answer))
            return toPrediction(
              channels,
              tf.tidy(() => leave(layout, answer).clone()),
            )
          } finally {
            answer.dispose()
          }
        }),
        finalize(() => {
          if (entered !== x) entered.dispose()
        }),
      )
    })

  const common = {
    algebra: tfjs,
    shape,
    learnedVariance,
    ...(known === undefined ? {} : { labels: known.labels }),
  }
  const { scale = 1, offset = 0 } = manifest.time ?? {}
  const model: Denoiser<tf.Tensor> =
    prediction === 'flow'
      ? flowDenoiser({ ...common, ...flowOptions(manifest.schedule) }, (x, s, condition, options) =>
          ask(
            x,
            s.map((each) => scale * each + offset),
            condition,
            options,
          ),
        )
      : {
          ...common,
          predicts: prediction,
          schedule,
          predict: (x, t, condition, options) => ask(x, t.map(encode), condition, options),
        }
  return range === null ? model : normalized(range)(model)
}
