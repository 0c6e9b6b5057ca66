/**
 * A network that makes images of latents: what people look at, where x is no image.
 */
import * as tf from '@tensorflow/tfjs-core'
import { dirname, resolve } from 'node:path'
import { defer, finalize, from, map } from 'rxjs'
import type { DecoderManifest } from '../checkpoint/manifest-network.ts'
import { fail, type Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import type { Denoiser } from '../model/denoiser.ts'
import type { Model } from './engine.ts'
import type { Network, NetworkPort } from './network.ts'
import { portAt, usualLayout } from './network-binding.ts'
import { enter, leave } from './network-denoiser.ts'
import { openNetwork } from './open-network.ts'

const decoderOf = (
  network: Network,
  { kind, layout = usualLayout(kind), range: [low, high] = [-1, 1], scalingFactor = 1 }: DecoderManifest,
  input: NetworkPort,
  output: NetworkPort,
): NonNullable<Denoiser<tf.Tensor>['decode']> => {
  const { signal } = new AbortController()
  return (x) =>
    defer(() => {
      const fed = tf.tidy(() => enter(layout, tf.div(x, scalingFactor)))
      return from(network.run(new Map([[input.name, fed]]), output.name, { signal })).pipe(
        map((answer) => {
          try {
            if (answer.rank !== 4)
              throw fail('ModelRejected', { engine: kind, reason: `its output ${output.name} is no image` })
            // [low, high] onto [−1, 1]
            return tf.tidy(() =>
              tf.sub(tf.mul(leave(layout, answer), 2 / (high - low)), (high + low) / (high - low)),
            )
          } finally {
            answer.dispose()
          }
        }),
        finalize(() => {
          fed.dispose()
        }),
      )
    })
}

/**
 * Gives a model the decoder that its manifest names, if it names one; the decoder goes when the model goes.
 *
 * @param path - of the manifest
 * @param decoder - what the manifest says
 * @returns a function of the model; it fails as {@link openNetwork} does, and then the model is gone too
 */
export const withDecoder =
  (path: string, decoder: DecoderManifest | undefined) =>
  (model: Model): TE.TaskEither<Failure, Model> => {
    if (decoder === undefined) return TE.right(model)
    const { kind, file = kind === 'onnx' ? 'decoder.onnx' : 'decoder/model.json' } = decoder
    return pipe(
      openNetwork(kind, resolve(dirname(path), file)),
      TE.chainW((network) =>
        pipe(
          E.Do,
          E.bind('input', () => portAt(path, 'decoder.input', network.inputs)(decoder.input, 0)),
          E.bind('output', () => portAt(path, 'decoder.output', network.outputs)(decoder.output, 0)),
          E.map(({ input, output }): Model => ({
            ...model,
            decode: decoderOf(network, decoder, input, output),
            [Symbol.dispose]: () => {
              network[Symbol.dispose]()
              model[Symbol.dispose]()
            },
          })),
          E.mapLeft((failure) => {
            network[Symbol.dispose]()
            return failure
          }),
          TE.fromEither,
        ),
      ),
      TE.mapLeft((failure) => {
        model[Symbol.dispose]()
        return failure
      }),
    )
  }
