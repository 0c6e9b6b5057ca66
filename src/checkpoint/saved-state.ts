/**
 * Saved states as files: the numbers as safetensors, and everything else as JSON in its metadata.
 */
import * as t from 'io-ts'
import { checkArgument } from '../arguments.ts'
import { aState } from '../expected.ts'
import type { Values } from '../algebra/algebra.ts'
import { listOf, numberIn, oneOf, wholeFrom, words } from '../codecs.ts'
import { decodeConfig } from '../decode-config.ts'
import type { ClipChoice } from '../diffusion/clip.ts'
import { predictionTypes } from '../diffusion/estimate.ts'
import type { SavedState } from '../diffusion/saved-state.ts'
import { fail, type FailureOf } from '../failure.ts'
import { fnv1a } from '../fnv.ts'
import { E, pipe } from '../fp.ts'
import { parseJson } from '../json.ts'
import { encodeSafetensors } from './encode-safetensors.ts'
import { parseSafetensors } from './safetensors.ts'

/** The version of what is written here; of others nothing is read. */
const VERSION = 1

/** Where the JSON is, among the texts of the file. */
const KEY = 'rxdiffusion.state'

/** Where its checksum is, and that of the numbers. */
const CHECKSUM = 'rxdiffusion.checksum'

/** Over the JSON and the numbers: a bit that has turned over is not to turn up in images. */
const checksumOf = (json: string, tensors: readonly Values[]): string => {
  const begun = fnv1a(new TextEncoder().encode(json))
  return tensors
    .reduce(
      (hash, { data }) => fnv1a(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), hash),
      begun,
    )
    .toString(16)
}

const level = t.type({ t: numberIn(), alphaBar: numberIn(0, 1) }, 'a level')

const transition = t.type(
  { index: wholeFrom(-1), count: wholeFrom(1), from: level, to: level, at: numberIn() },
  'a step',
)

const sum = t.readonlyArray(
  t.tuple([t.union([numberIn(), t.readonlyArray(numberIn())]), wholeFrom(0)]),
  'a sum of tensors',
)

const clip: t.Type<ClipChoice> = (() => {
  const mode = oneOf('none', 'x0', 'x0+eps', 'threshold', 'threshold+eps')
  const settings = t.partial({ range: numberIn(0), ratio: numberIn(0, 1), largest: numberIn(0) })
  return t.union([mode, t.intersection([t.type({ mode }), settings])])
})()

const header = t.intersection([
  t.type({
    version: oneOf(VERSION),
    at: level,
    draws: wholeFrom(0),
    history: t.readonlyArray(t.type({ transition, estimate: t.type({ x0: sum, eps: sum }) })),
    ahead: t.readonlyArray(transition),
    makers: t.intersection([
      t.type({ rule: words, noise: words, nextNoise: wholeFrom(0) }),
      t.partial({
        answers: t.intersection([
          t.type({ predicts: oneOf(...predictionTypes) }),
          t.partial({ range: numberIn(0) }),
        ]),
        origin: t.type({ model: words, engine: words }),
      }),
    ]),
  }),
  t.partial({ labels: listOf('classes', wholeFrom(0)), clip }),
])

/** JSON has no ∞, which is what `largest` is unless said, and `range` where nothing is clipped. */
const finite = (choice: ClipChoice): ClipChoice => {
  if (typeof choice === 'string') return choice
  const { range = Infinity, largest = Infinity, ...others } = choice
  return {
    ...others,
    ...(range === Infinity ? {} : { range }),
    ...(largest === Infinity ? {} : { largest }),
  }
}

/**
 * A saved state as the bytes of a safetensors file.
 *
 * @param state - see {@link SavedState}
 *
 * @example
 * ```ts
 * import { lastValueFrom, take } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(9)).pipe(denoise({ model, rule: dpmpp2m(), noise: philox({ seed: 7 }) }))
 * const state = await lastValueFrom(frames$.pipe(recordStates(3), take(1)))
 * expect(decodeState('run.safetensors', encodeState(state))).toEqual(E.right(state))
 * ```
 */
export const encodeState = (state: SavedState): Uint8Array => {
  checkArgument('state', aState, state)
  const { tensors, ...rest } = state
  const json = {
    version: VERSION,
    ...rest,
    ...(rest.clip === undefined ? {} : { clip: finite(rest.clip) }),
  }
  const text = JSON.stringify(json)
  return encodeSafetensors(new Map(tensors.map((values, place) => [String(place), values])), {
    [KEY]: text,
    [CHECKSUM]: checksumOf(text, tensors),
  })
}

const isFloating = (values: unknown): values is Values =>
  typeof values === 'object' &&
  values !== null &&
  'data' in values &&
  (values.data instanceof Float32Array || values.data instanceof Float64Array)

/**
 * Reads a saved state.
 *
 * @param path - what to call the file in a failure
 * @param bytes - of the file
 * @returns the state; or SafetensorsInvalid or ConfigInvalid with the first thing that is wrong
 *
 * @example
 * ```ts
 * const bytes = encodeSafetensors(new Map([['w', { shape: [1], data: Float32Array.of(1) }]]))
 * expect(decodeState('w.safetensors', bytes)).toMatchObject(E.left({ reason: 'it is no saved state of rxdiffusion' }))
 * ```
 */
export const decodeState = (
  path: string,
  bytes: Uint8Array,
): E.Either<FailureOf<'SafetensorsInvalid' | 'ConfigInvalid'>, SavedState> => {
  const refused = (reason: string): FailureOf<'ConfigInvalid'> => fail('ConfigInvalid', { path, reason })
  return pipe(
    parseSafetensors(path, bytes),
    E.chainW(({ metadata, tensors }) =>
      pipe(
        E.fromNullable(refused('it is no saved state of rxdiffusion'))(metadata[KEY]),
        E.chainW((json) => pipe(parseJson(json), E.mapLeft(refused))),
        E.chainW(decodeConfig(path, header)),
        E.chainW(({ version: _, ...state }) => {
          const inOrder = Array.from({ length: tensors.size }, (_none, place) => tensors.get(String(place)))
          const places = state.history.flatMap(({ estimate: { x0, eps } }) => [...x0, ...eps])
          if (
            inOrder.length === 0 ||
            !inOrder.every(isFloating) ||
            places.some(([, place]) => place >= inOrder.length)
          )
            return E.left(refused('its tensors are not those that it speaks of'))
          return metadata[CHECKSUM] === checksumOf(metadata[KEY] ?? '', inOrder)
            ? E.right({ ...state, tensors: inOrder })
            : E.left(refused('it is damaged: its checksum is not that of what it holds'))
        }),
      ),
    ),
  )
}
