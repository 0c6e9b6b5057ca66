/**
 * Sweeps: `grid: { eta: [0, 0.5, 1], steps: [10, 20, 50] }`, a run for each combination.
 */
import { fail } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { isRecord } from '../json.ts'
import { absent, assign, wayOf } from './assign.ts'
import { type Document, type Invalid } from './document.ts'
import type { Pipeline } from './pipeline.ts'
import { flawOfRange } from './range.ts'
import { countOfValues, type Swept, type SweptValues, valuesOf } from './swept.ts'

/** The most runs of one sweep. */
const MOST_RUNS = 1024

type Combination = ReadonlyArray<readonly [name: string, value: Swept]>

const combinations = (grid: Readonly<Record<string, SweptValues>>): readonly Combination[] =>
  Object.entries(grid).reduce<readonly Combination[]>(
    (sofar, [name, values]) =>
      sofar.flatMap((combination) =>
        valuesOf(values).map((value) => [...combination, [name, value] as const]),
      ),
    [[]],
  )

/** A value as a part of a file's name. */
const tagOf = (text: string): string => text.replaceAll(/[^\w.-]+/g, '_')

/** A file's name with what distinguishes it: `grid-eta0.5-steps10.png`. */
const named = (path: string, combination: Combination): string => {
  const tag = tagOf(
    combination.map(([name, value]) => `${name.split('.').at(-1) ?? name}${String(value)}`).join('-'),
  )
  return path.replace(/((?:\.[^./\\\d][^./\\]*)*[/\\]*)$/, (ending) => `-${tag}${ending}`)
}

/** What is wrong with the values of a setting, as the end of a sentence. */
const flawOf = (
  name: string,
  swept: SweptValues,
  document: Document,
  before: readonly string[],
): string | undefined => {
  const reason = absent(name, document)
  if (reason !== undefined) return reason
  const falls = 'from' in swept ? flawOfRange(swept) : undefined
  if (falls !== undefined) return `it ${falls}`
  const other = before.find((each) => wayOf(each).join('.') === wayOf(name).join('.'))
  if (other !== undefined)
    return `it is the setting that ${other} is, and one run can't have two values of it`
  const values = valuesOf(swept)
  const tags = values.map((value) => tagOf(String(value)))
  const again = tags.findIndex((tag, i) => tags.indexOf(tag) < i)
  if (again < 0) return undefined
  const [first, second] = [values[tags.indexOf(tags[again] ?? '')], values[again]]
  return first === second
    ? `it has ${String(second)} twice, and a run is made once`
    : `the files of ${String(first)} and ${String(second)} would have the same names`
}

/**
 * The documents of a sweep, each without the grid; a document without one is its own sweep.
 *
 * @param document - a pipeline's
 * @param pipeline - as it is decoded, for the defaults
 * @returns PipelineInvalid for more than 1,024 combinations, for settings that there are not, and values that come twice
 */
export const sweep = (document: Document, pipeline: Pipeline): E.Either<Invalid, readonly Document[]> => {
  const { grid, ...base } = pipeline
  if (grid === undefined) return E.right([document])
  const runs = Object.values(grid).reduce(
    (product, values) => product * Math.max(1, countOfValues(values)),
    1,
  )
  if (runs > MOST_RUNS)
    return E.left(
      fail('PipelineInvalid', {
        problems: [
          `${document.placeOf(['grid'], 'value')} grid: it asks for ${runs} runs, and ${MOST_RUNS} are the most`,
        ],
      }),
    )
  const whole = { ...document, value: base }
  const names = Object.keys(grid)
  const problems = names.flatMap((name, i) => {
    const reason = flawOf(name, grid[name] ?? [], whole, names.slice(0, i))
    return reason === undefined
      ? []
      : [`${document.placeOf(['grid', name], 'value')} grid.${name}: ${reason}`]
  })
  if (problems.length > 0) return E.left(fail('PipelineInvalid', { problems }))
  return E.right(
    combinations(grid).map((combination) =>
      pipe(
        combination.reduce<Document>(
          (sofar, [name, value]) => assign(name, value, document.placeOf(['grid', name], 'value'))(sofar),
          whole,
        ),
        withPaths(combination),
      ),
    ),
  )
}

const withPaths =
  (combination: Combination) =>
  (document: Document): Document => {
    const { value } = document
    const outputs = isRecord(value) ? value['outputs'] : undefined
    if (!isRecord(value) || !Array.isArray(outputs)) return document
    return {
      ...document,
      value: {
        ...value,
        outputs: outputs.map((output: unknown) =>
          isRecord(output) && typeof output['path'] === 'string'
            ? { ...output, path: named(output['path'], combination) }
            : output,
        ),
      },
    }
  }
