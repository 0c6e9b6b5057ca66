/**
 * Decodes pipelines, and says all that is wrong.
 */
import * as t from 'io-ts'
import { E, pipe } from '../fp.ts'
import { isRecord, quote } from '../json.ts'
import type { PipelineError } from './flaw.ts'
import { flawsOf } from './flaws.ts'
import { type Pipeline, pipelineCodec } from './pipeline.ts'
import { salvage } from './salvage.ts'
import { NoSuch } from './struct.ts'

/** Where the members of a choice among values begin, which are no part of the way to them. */
const choiceIn = (context: t.Context): number => context.findIndex(({ type }) => type instanceof t.UnionType)

const found = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  // JSON knows neither NaN nor infinity
  return typeof value === 'number' ? String(value) : quote(value)
}

const errorOf = ({ context, value, message = '' }: t.ValidationError): PipelineError => {
  const choice = choiceIn(context)
  const whole = choice < 0 ? context : context.slice(0, choice + 1)
  const last = whole.at(-1)
  const actual = choice < 0 ? value : last?.actual
  const way = whole.flatMap(({ key }) => (key === '' ? [] : [key]))
  const type = last?.type
  return type instanceof NoSuch
    ? { way, part: 'key', reason: `${type.name}${message}` }
    : {
        way,
        part: 'value',
        reason: `expected ${type?.name ?? 'something else'}, got ${found(actual)}${message}`,
      }
}

/** A choice among values says the same of each of its members. */
const once = (errors: readonly PipelineError[]): readonly PipelineError[] => [
  ...new Map(errors.map((error) => [JSON.stringify([error.way, error.reason]), error])).values(),
]

/** What is wrong, and what is impossible of the rest. */
const withFlaws = (value: unknown, errors: readonly PipelineError[]): readonly PipelineError[] => {
  const salvaged = salvage(value, errors)
  return salvaged === undefined ? errors : [...errors, ...flawsOf(salvaged.pipeline, salvaged.doubtful)]
}

/**
 * Decodes a pipeline: every default is filled in, and a kind alone stands for its settings.
 *
 * @param value - of a document
 * @returns the pipeline; or everything that is wrong
 *
 * @example
 * ```ts
 * const outputs = [{ kind: 'grid', path: 'grid.png' }]
 * expect(decodePipeline({ version: 1, sampler: 'ddim', outputs })).toMatchObject(
 *   E.right({ sampler: { kind: 'ddim', eta: 0 }, steps: { kind: 'trailing', count: 50 } }),
 * )
 * expect(decodePipeline({ version: 1, sampler: 'ddin', outputs })).toMatchObject(
 *   E.left([{ way: ['sampler'], reason: expect.stringContaining('got "ddin"; the nearest is ddim') }]),
 * )
 * ```
 */
export const decodePipeline = (value: unknown): E.Either<readonly PipelineError[], Pipeline> =>
  pipe(
    isRecord(value)
      ? pipelineCodec.decode(value)
      : t.failure<Pipeline>(value, [{ key: '', type: pipelineCodec, actual: value }]),
    E.mapLeft((errors) => withFlaws(value, once(errors.map(errorOf)))),
  )

/**
 * Writes a pipeline back, with every default.
 *
 * @law `decodePipeline(encodePipeline(p))` is p
 *
 * @example
 * ```ts
 * const pipeline = orThrow(decodePipeline({ version: 1, outputs: [{ kind: 'grid', path: 'grid.png' }] }))
 * expect(encodePipeline(pipeline)).toMatchObject({ sampler: { kind: 'ddim', eta: 0 } })
 * ```
 */
export const encodePipeline = (pipeline: Pipeline): unknown => pipelineCodec.encode(pipeline)
