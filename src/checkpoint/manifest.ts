/**
 * `model.yaml`: what people want to know of a checkpoint, and diffusers has no place for.
 */
import * as t from 'io-ts'
import { parseDocument } from 'yaml'
import { listOf, wholeFrom, words } from '../codecs.ts'
import { decodeConfig } from '../decode-config.ts'
import { fail, type FailureOf } from '../failure.ts'
import { E, pipe } from '../fp.ts'

/** The contents of a `model.yaml`. */
export interface Manifest {
  /** The names of the classes; `labels[i]` is class i. */
  readonly labels?: readonly string[]
  /** The class that stands for "no label", from 0. */
  readonly unconditional?: number
}

const settings = {
  labels: listOf('names', words),
  unconditional: wholeFrom(0),
}

/**
 * Reads a `model.yaml`. An empty file says nothing, and that is fine.
 *
 * @param path - what to call the file in a failure
 * @param text - its contents
 * @returns ConfigInvalid for text that is not YAML, unknown settings, and settings that are not possible
 *
 * @example
 * ```ts
 * expect(parseManifest('model.yaml', 'labels: [cat, dog]')).toEqual(E.right({ labels: ['cat', 'dog'] }))
 * expect(parseManifest('model.yaml', 'names: [cat, dog]')).toMatchObject(E.left({ _tag: 'ConfigInvalid' }))
 * ```
 */
export const parseManifest = (path: string, text: string): E.Either<FailureOf<'ConfigInvalid'>, Manifest> =>
  pipe(
    parseYaml(text),
    E.mapLeft((reason) => fail('ConfigInvalid', { path, reason })),
    E.chain(decodeConfig(path, t.exact(t.partial(settings)), { closed: Object.keys(settings) })),
    E.filterOrElse(
      ({ labels = [] }) => new Set(labels).size === labels.length,
      () => fail('ConfigInvalid', { path, reason: 'labels has one name twice' }),
    ),
  )

const parseYaml = (text: string): E.Either<string, unknown> => {
  const document = parseDocument(text, { prettyErrors: true })
  const [error] = document.errors
  if (error !== undefined)
    return E.left(`it is not valid YAML at line ${String(error.linePos?.[0].line ?? 1)}`)
  const value: unknown = document.toJS()
  return E.right(value ?? {})
}
