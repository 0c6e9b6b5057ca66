/**
 * A network that makes images of latents: what people look at, where x is no image.
 */
import * as tf from '@tensorflow/tfjs-core'
import { dirname, resolve } from 'node:path'
import { defer, finalize, from, map } from 'rxjs'
import type { Shape } from '../algebra/algebra.ts'
import type { DecoderManifest } from '../checkpoint/manifest-network.ts'
import { fail, type Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import type { Denoiser } from '../model/denoiser.ts'
import type { Model } from './engine.ts'
import type { Network, NetworkPort } from './network.ts'
import { fits, laidOut, portAt, showPort, usualLayout } from './network-binding.ts'
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

interface BoundDecoder {
  readonly input: NetworkPort
  readonly output: NetworkPort
}

/** The decoder's ports, if they can take the latents of a model and give images. */
const bindDecoder = (
  path: string,
  { layout, kind, input, output }: DecoderManifest,
  shape: Shape,
  network: Network,
): E.Either<Failure, BoundDecoder> =>
  pipe(
    E.Do,
    E.bind('input', () => portAt(path, 'decoder.input', network.inputs)(input, 0)),
    E.bind('output', () => portAt(path, 'decoder.output', network.outputs)(output, 0)),
    E.chainW((ports) => {
      const latent = laidOut(layout ?? usualLayout(kind), shape)
      const unusable = (reason: string): E.Either<Failure, never> =>
        E.left(fail('ConfigInvalid', { path, reason }))
      if (!fits(ports.input.shape, latent))
        return unusable(
          `a latent is [rows, ${latent.join(', ')}] for its decoder, and ${showPort(ports.input)}`,
        )
      return (ports.output.shape?.length ?? 4) === 4
        ? E.right(ports)
        : unusable(`a decoder gives images, of four axes, and ${showPort(ports.output)}`)
    }),
  )

/** Opens the decoder that a manifest names, which becomes the caller's. */
const openDecoder = (
  path: string,
  decoder: DecoderManifest,
  shape: Shape,
): TE.TaskEither<Failure, BoundDecoder & { readonly network: Network }> => {
  const { kind, file = kind === 'onnx' ? 'decoder.onnx' : 'decoder/model.json' } = decoder
  return pipe(
    openNetwork(kind, resolve(dirname(path), file)),
    TE.chainEitherKW((network) =>
      pipe(
        bindDecoder(path, decoder, shape, network),
        E.bimap(
          (failure) => {
            network[Symbol.dispose]()
            return failure
          },
          (ports) => ({ ...ports, network }),
        ),
      ),
    ),
  )
}

/**
 * Whether a decoder is there, and suits the latents of a model.
 *
 * @param path - of the manifest
 * @param decoder - what the manifest says; nothing, where there is none
 * @param shape - of a latent
 * @returns what is wrong with it, as {@link withDecoder}
 */
export const checkDecoder = (
  path: string,
  decoder: DecoderManifest | undefined,
  shape: Shape,
): TE.TaskEither<Failure, void> =>
  decoder === undefined
    ? TE.right(undefined)
    : pipe(
        openDecoder(path, decoder, shape),
        TE.map(({ network }) => {
          network[Symbol.dispose]()
        }),
      )

/**
 * Gives a model the decoder that its manifest names, if it names one; the decoder goes when the model goes.
 *
 * @param path - of the manifest
 * @param decoder - what the manifest says
 * @returns a function of the model; it fails as {@link openNetwork} does, or with ConfigInvalid where the two don't fit, and then the model is
 *   gone too
 */
export const withDecoder =
  (path: string, decoder: DecoderManifest | undefined) =>
  (model: Model): TE.TaskEither<Failure, Model> => {
    if (decoder === undefined) return TE.right(model)
    return pipe(
      openDecoder(path, decoder, model.shape),
      TE.bimap(
        (failure) => {
          model[Symbol.dispose]()
          return failure
        },
        ({ network, input, output }): Model => ({
          ...model,
          decode: decoderOf(network, decoder, input, output),
          [Symbol.dispose]: () => {
            network[Symbol.dispose]()
            model[Symbol.dispose]()
          },
        }),
      ),
    )
  }
