/**
 * Settings that are said outside of the file: `noise.seed=3`.
 */
import { isRecord } from '../json.ts'
import { many } from '../many.ts'
import { nearestHint } from '../nearest.ts'
import type { Document } from './document.ts'
import { pipelineCodec } from './pipeline.ts'

/** Short names of the settings that people vary most. */
const short: ReadonlyMap<string, readonly string[]> = new Map([
  ['eta', ['sampler', 'eta']],
  ['guidance', ['condition', 'guidance']],
  ['labels', ['condition', 'labels']],
  ['seed', ['noise', 'seed']],
  ['steps', ['steps', 'count']],
  ['strength', ['experiment', 'strength']],
])

/**
 * The way to a setting: `noise.seed`, `outputs[0].path`, or a short name such as `eta`.
 */
export const wayOf = (name: string): readonly string[] =>
  short.get(name) ?? name.replaceAll(/\[(\d+)\]/g, '.$1').split('.')

const put = (value: unknown, [key, ...rest]: readonly string[], what: unknown): unknown => {
  if (key === undefined) return what
  if (Array.isArray(value) && /^\d+$/.test(key))
    return value.map((item: unknown, i) => (i === Number(key) ? put(item, rest, what) : item))
  const record = isRecord(value) ? value : typeof value === 'string' ? { kind: value } : {}
  // another kind has other settings
  return key === 'kind' && rest.length === 0
    ? { kind: what }
    : { ...record, [key]: put(record[key], rest, what) }
}

/**
 * Why a document has no setting of this name, as the end of a sentence: a list is as long as it is, and the root has the
 * settings that it has. What is wrong deeper down, the codecs say.
 */
export const absent = (name: string, { value }: Document): string | undefined => {
  const way = wayOf(name)
  const [root = ''] = way
  if (!Object.hasOwn(pipelineCodec.fields, root))
    return `there is no such setting${nearestHint([...short.keys(), ...Object.keys(pipelineCodec.fields)])(root)}`
  let here = value
  for (const [i, key] of way.entries()) {
    if (Array.isArray(here) && !(/^\d+$/.test(key) && Number(key) < here.length))
      return `${way.slice(0, i).join('.')} is a list of ${many(here.length, 'item')}, counted from 0, and has no ${key}`
    here = Array.isArray(here) ? here[Number(key)] : isRecord(here) ? here[key] : undefined
  }
  return undefined
}

const begins = (way: readonly string[], start: readonly string[]): boolean =>
  start.every((key, i) => way[i] === key)

/**
 * A document in which a setting is another.
 *
 * @param name - of the setting, see {@link wayOf}
 * @param what - its value
 * @param place - where that was said
 */
export const assign =
  (name: string, what: unknown, place: string) =>
  ({ value, placeOf }: Document): Document => {
    const way = wayOf(name)
    return {
      value: put(value, way, what),
      placeOf: (asked, part) => (begins(asked, way) ? place : placeOf(asked, part)),
    }
  }
