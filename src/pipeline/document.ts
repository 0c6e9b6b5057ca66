/**
 * The text of a pipeline, YAML or JSON, as a value whose every part has a place.
 */
import { parseYaml } from '../checkpoint/yaml.ts'
import { fail, type FailureOf } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { compile, type Plan } from './compile.ts'
import { decodePipeline } from './decode.ts'
import type { PipelineError } from './flaw.ts'
import type { Pipeline } from './pipeline.ts'

/** A value, and what to call the places in it. */
export interface Document {
  readonly value: unknown
  /** Where something is said: `pipeline.yaml:3:7`. */
  readonly placeOf: (way: readonly string[], part: 'key' | 'value') => string
}

/** What is wrong with pipelines. */
export type Invalid = FailureOf<'PipelineInvalid'>

/** The most problems that are said at once: whoever has more begins with these. */
const MOST_PROBLEMS = 20

const invalid = (problems: readonly string[]): Invalid => {
  const more = problems.length - MOST_PROBLEMS
  return fail('PipelineInvalid', {
    problems: more > 0 ? [...problems.slice(0, MOST_PROBLEMS), `and ${more} more`] : problems,
  })
}

/**
 * Reads the text of a pipeline.
 *
 * @param path - what to call the file
 * @param text - YAML, or JSON, which is YAML too
 * @returns PipelineInvalid for a text that is neither, or that would take too long
 *
 * @example
 * ```ts
 * const { placeOf } = orThrow(parseDocument('p.yaml', 'version: 1\nsampler: { kind: ddim }'))
 * expect(placeOf(['sampler', 'kind'], 'value')).toBe('p.yaml:2:18')
 * expect(parseDocument('p.yaml', 'a: 1\na: 2')).toMatchObject(E.left({ message: 'p.yaml:2:1 it says a twice' }))
 * ```
 */
export const parseDocument = (path: string, text: string): E.Either<Invalid, Document> =>
  pipe(
    parseYaml(text),
    E.bimap(
      ({ line, column, reason }) => invalid([`${path}:${line}:${column} ${reason}`]),
      ({ value, placeOf }) => ({
        value,
        placeOf: (way, part) => {
          const { line, column } = placeOf(way, part)
          return `${path}:${line}:${column}`
        },
      }),
    ),
  )

const show = (way: readonly string[]): string =>
  way.reduce(
    (path, key) => (/^\d+$/.test(key) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`),
    '',
  )

/** Lines of errors, in the order of the document. */
const linesOf = ({ placeOf }: Document, errors: readonly PipelineError[]): readonly string[] =>
  errors
    .map(({ way, part = 'value', reason }) => {
      const place = placeOf(way, part)
      const [, line = '0', column = '0'] = /:(\d+):(\d+)$/.exec(place) ?? []
      const path = show(way)
      return {
        line: `${place} ${path === '' ? '' : `${path}: `}${reason}`,
        at: [Number(line), Number(column)] as const,
      }
    })
    .toSorted((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1])
    .map(({ line }) => line)

/**
 * What is wrong with a document, in its order.
 *
 * @param document - for the places
 * @param errors - with the ways to their settings
 *
 * @example
 * ```ts
 * const document = orThrow(parseDocument('p.yaml', 'version: 1\ncondition: { labels: [cat] }'))
 * const errors = [{ way: ['condition', 'labels'], reason: 'the model knows no cats' }]
 * expect(invalidDocument(document)(errors).message).toBe('p.yaml:2:22 condition.labels: the model knows no cats')
 * ```
 */
export const invalidDocument =
  (document: Document) =>
  (errors: readonly PipelineError[]): Invalid =>
    invalid(linesOf(document, errors))

/**
 * Decodes the pipeline that a document holds.
 *
 * @returns PipelineInvalid, with a line for everything that is wrong
 *
 * @example
 * ```ts
 * const document = orThrow(parseDocument('p.yaml', 'version: 2\noutputs: [{ kind: grid, path: grid.png }]'))
 * expect(decodeDocument(document)).toMatchObject(E.left({ message: 'p.yaml:1:10 version: expected 1, got 2' }))
 * ```
 */
export const decodeDocument = (document: Document): E.Either<Invalid, Pipeline> =>
  pipe(decodePipeline(document.value), E.mapLeft(invalidDocument(document)))

/**
 * Compiles the pipeline that a document holds.
 *
 * @param document - for the places
 * @param pipeline - which has been decoded from it
 * @returns PipelineInvalid, with a line for everything that is impossible
 *
 * @example
 * ```ts
 * const text = 'version: 1\nsteps: { kind: explicit, timesteps: [1, 2] }\noutputs: [{ kind: grid, path: grid.png }]'
 * const document = orThrow(parseDocument('p.yaml', text))
 * expect(compileDocument(document, orThrow(decodeDocument(document)))).toMatchObject(
 *   E.left({ message: expect.stringContaining('p.yaml:2:8 steps: timesteps have to be whole numbers') }),
 * )
 * ```
 */
export const compileDocument = (document: Document, pipeline: Pipeline): E.Either<Invalid, Plan> =>
  pipe(compile(pipeline), E.mapLeft(invalidDocument(document)))
