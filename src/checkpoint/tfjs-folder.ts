/**
 * A model as tfjs writes it: `model.json` and, beside it, shards of weights.
 */
import * as t from 'io-ts'
import { dirname, join } from 'node:path'
import { listOf, oneOf, wholeFrom, words } from '../codecs.ts'
import { decodeConfig } from '../decode-config.ts'
import { fail, type FailureOf } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { readBytes } from './read-file.ts'
import { readJson } from './read-json.ts'

/** What is stored of a weight. */
export interface TfjsWeight {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: string
  /** Fewer bits than the weight has, and how to widen them. */
  readonly quantization?: { readonly dtype: 'uint8' | 'uint16' | 'float16' }
}

/** A model's files. */
export interface TfjsFolder {
  /** Where `model.json` lies. */
  readonly path: string
  readonly kind: 'tfjs-graph' | 'tfjs-layers'
  /** `model.json`, as it stands there. */
  readonly json: unknown
  /** In the order in which they are stored. */
  readonly weights: readonly TfjsWeight[]
  /** All shards in a row. */
  readonly data: TE.TaskEither<FailureOf<'FileUnreadable' | 'ConfigInvalid'>, Uint8Array<ArrayBuffer>>
}

/** In bytes: a graph of thousands of operations has a few million. */
const LARGEST_MODEL = 2 ** 26

const formats = { 'graph-model': 'tfjs-graph', 'layers-model': 'tfjs-layers' } as const

const extents = t.readonlyArray(wholeFrom(0), 'a shape')
const weight = t.intersection([
  t.type({ name: words, shape: extents, dtype: words }),
  t.partial({ quantization: t.type({ dtype: oneOf('uint8', 'uint16', 'float16') }) }),
])
const codec = t.intersection([
  t.type({
    weightsManifest: t.readonlyArray(
      t.type({ paths: listOf('file names', words), weights: t.readonlyArray(weight) }),
      'a list of weights',
    ),
  }),
  t.partial({ format: oneOf('graph-model', 'layers-model') }),
])

/** What makes a network of weights; the rest of it tfjs itself reads. */
const graph = t.type({
  modelTopology: t.type(
    { node: t.readonlyArray(t.UnknownRecord, 'a list of operations') },
    'a graph of operations',
  ),
})
const widths: Readonly<Record<string, number>> = {
  uint8: 1,
  bool: 1,
  uint16: 2,
  float16: 2,
  int32: 4,
  float32: 4,
  complex64: 8,
}

/** Bytes of a weight; undefined for texts, whose length is in the file. */
const bytesOf = ({ dtype, shape, quantization }: TfjsWeight): number | undefined => {
  const width = widths[quantization?.dtype ?? dtype]
  return width === undefined ? undefined : shape.reduce((size, extent) => size * extent, width)
}

const readShards = (
  path: string,
  groups: ReadonlyArray<{ readonly paths: readonly string[]; readonly weights: readonly TfjsWeight[] }>,
): TfjsFolder['data'] =>
  pipe(
    groups.flatMap(({ paths }) => paths),
    TE.traverseSeqArray((name) => readBytes(join(dirname(path), name))),
    TE.chainEitherKW((shards) => {
      const length = shards.reduce((sum, shard) => sum + shard.length, 0)
      const sizes = groups.flatMap(({ weights }) => weights.map(bytesOf))
      const expected = sizes.reduce<number>((sum, size) => sum + (size ?? NaN), 0)
      if (length !== expected && !Number.isNaN(expected))
        return E.left(
          fail('ConfigInvalid', {
            path,
            reason: `its weights are ${expected} bytes, and the files that it names have ${length}`,
          }),
        )
      const data = new Uint8Array(length)
      shards.reduce((at, shard) => {
        data.set(shard, at)
        return at + shard.length
      }, 0)
      return E.right(data)
    }),
  )

/**
 * Opens a model of tfjs. Its weights are read when `data` runs.
 *
 * @param path - of `model.json`
 * @returns FileUnreadable or ConfigInvalid, with the path of the file that is to blame
 *
 * @example
 * ```ts
 * expect(await openTfjsFolder('no/such/model.json')()).toMatchObject(E.left({ _tag: 'FileUnreadable' }))
 * ```
 */
export const openTfjsFolder = (
  path: string,
): TE.TaskEither<FailureOf<'FileUnreadable' | 'ConfigInvalid'>, TfjsFolder> =>
  pipe(
    readJson(path, LARGEST_MODEL),
    TE.chainEitherKW((json) =>
      pipe(
        json,
        decodeConfig(path, codec),
        E.chainFirstW(({ format }) =>
          format === 'graph-model' ? pipe(json, decodeConfig(path, graph)) : E.right(undefined),
        ),
        // Keras' converter of 2018 wrote no format, and only layers
        E.map(({ weightsManifest, format = 'layers-model' }) => ({
          path,
          kind: formats[format],
          json,
          weights: weightsManifest.flatMap(({ weights }) => weights),
          data: readShards(path, weightsManifest),
        })),
      ),
    ),
  )
