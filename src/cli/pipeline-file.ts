/**
 * Pipelines in files: YAML, JSON, and TypeScript or JavaScript modules.
 */
import { basename, dirname, extname, isAbsolute, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readStandardInput, readText } from '../checkpoint/read-file.ts'
import { LARGEST_YAML, parseYaml } from '../checkpoint/yaml.ts'
import { fail, type Failure } from '../failure.ts'
import { E, identity, pipe, T, TE } from '../fp.ts'
import { isRecord } from '../json.ts'
import { absent, assign } from '../pipeline/assign.ts'
import { defaultModel } from '../engine/load-model.ts'
import type { Plan } from '../pipeline/compile.ts'
import { decodePipeline } from '../pipeline/decode.ts'
import type { Composition } from '../pipeline/composition.ts'
import { type Output, outputOf } from '../media/output/output.ts'
import {
  compileDocument,
  decodeDocument,
  type Document,
  invalidDocument,
  parseDocument,
} from '../pipeline/document.ts'
import { flawFrom, type PipelineError } from '../pipeline/flaw.ts'
import { flawsOf } from '../pipeline/flaws.ts'
import { checkLabels } from '../pipeline/model-flaws.ts'
import { movePaths } from '../pipeline/paths.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { salvage } from '../pipeline/salvage.ts'
import { sweep } from '../pipeline/sweep.ts'
import { quoted } from '../quoted.ts'
import { modelFacts } from './model-facts.ts'

const usage = (reason: string): Failure => fail('Usage', { reason })

/** A pipeline of a file, and what it means. */
export interface Planned {
  /** As the file says it, with every default. */
  readonly pipeline: Pipeline
  readonly plan: Plan
  /** What the model can't do of it, where it was said. */
  readonly refusal: (errors: readonly PipelineError[]) => Failure
}

/** `--set noise.seed=3`. */
const assigned =
  (texts: readonly string[]) =>
  (document: Document): E.Either<Failure, Document> =>
    texts.reduce<E.Either<Failure, Document>>((sofar, text) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
      if (name === undefined || value === undefined)
        return E.left(usage(`--set takes a setting and its value, such as noise.seed=3, not ${quoted(text)}`))
      return pipe(
        sofar,
        E.chain((document) =>
          pipe(
            parseYaml(value),
            E.bimap(
              ({ reason }) => usage(`--set ${name} is no value: ${reason}`),
              ({ value }) => value,
            ),
            E.filterOrElse(
              () => absent(name.trim(), document) === undefined,
              () => usage(`--set ${name}: ${absent(name.trim(), document) ?? ''}`),
            ),
            E.map((value) => assign(name.trim(), value, `--set ${name}`)(document)),
          ),
        ),
      )
    }, E.right(document))

type Move = (path: string) => string

/** Where the paths of a file lead from here; those that lead there from anywhere stay as they are. */
const fromHere =
  (file: string): Move =>
  (path) =>
    path === '-' || isAbsolute(path)
      ? path
      : relative('', resolve(dirname(file), path)) + (/[/\\]$/.test(path) ? '/' : '')

/** With the defaults, so that what is set has something to be set in; as it is where it can't be decoded. */
const whole = (document: Document): Document =>
  pipe(
    decodeDocument(document),
    E.match(
      () => document,
      (value) => ({ ...document, value }),
    ),
  )

const planOf =
  (move: Move) =>
  (document: Document): E.Either<Failure, Planned> =>
    pipe(
      decodeDocument(document),
      E.bindTo('pipeline'),
      E.bindW('plan', ({ pipeline }) => compileDocument(document, movePaths(move)(pipeline))),
      E.map((planned) => ({ ...planned, refusal: invalidDocument(document) })),
    )

/** A document with what is set in its stead. */
const settled = (document: Document, sets: readonly string[]): E.Either<Failure, Document> =>
  sets.length === 0 ? E.right(document) : assigned(sets)(whole(document))

/** What the model can't do of a pipeline that has other flaws, as far as those let it be told. */
const modelErrors = (
  { value }: Document,
  errors: readonly PipelineError[],
  move: Move,
): T.Task<readonly PipelineError[]> => {
  const { pipeline, doubtful } = salvage(value, errors) ?? {}
  const about = ['model', 'condition', 'grid'] as const
  if (pipeline === undefined || about.some((setting) => doubtful?.has(setting))) return T.of([])
  const { model } = movePaths(move)(pipeline)
  return pipe(
    modelFacts(model ?? defaultModel),
    TE.mapLeft((failure) => [flawFrom(['model'], failure)]),
    TE.chainEitherKW((facts) => checkLabels(pipeline, facts)),
    TE.match(identity, () => []),
  )
}

/** Plans of a document: one for each run of its sweep. */
const plansOf =
  (move: Move) =>
  (document: Document): TE.TaskEither<Failure, readonly Planned[]> =>
    pipe(
      decodeDocument(document),
      E.chainW((pipeline) => sweep(document, pipeline)),
      E.chain(E.traverseArray(planOf(move))),
      TE.fromEither,
      TE.orElse((failure) => {
        const errors = pipe(decodePipeline(document.value), E.match(identity, flawsOf))
        return errors.length === 0
          ? TE.left(failure)
          : pipe(
              modelErrors(document, errors, move),
              T.map((more) => E.left(invalidDocument(document)([...errors, ...more]))),
            )
      }),
    )

/** What a file is called in words; `-` is standard input. */
export const calledFile = (path: string): string => (path === '-' ? '<stdin>' : path)

/**
 * Reads a pipeline's file, YAML or JSON.
 *
 * @param path - of the file, or `-` for standard input, whose paths lead on from here
 * @param sets - `name=value`, in the file's stead
 */
export const readPlans = (
  path: string,
  sets: readonly string[] = [],
): TE.TaskEither<Failure, readonly Planned[]> =>
  pipe(
    path === '-' ? readStandardInput(calledFile(path), LARGEST_YAML) : readText(path, LARGEST_YAML),
    TE.chainEitherKW((text) => parseDocument(calledFile(path), text)),
    TE.chainEitherKW((document) => settled(document, sets)),
    TE.chainW(plansOf(fromHere(path))),
  )

/** Whether a file is a program and no data. */
export const isModule = (path: string): boolean => /^\.[cm]?[jt]s$/i.test(extname(path))

const isComposition = (value: unknown): value is Composition =>
  isRecord(value) && Array.isArray(value['outputs']) && typeof value['run'] === 'function'

const reasonOf = (error: unknown, path: string): string => {
  const message = error instanceof Error ? error.message : String(error)
  return /ERR_UNKNOWN_FILE_EXTENSION|Unknown file extension/.test(message)
    ? `this Node.js (${process.version}) runs no TypeScript; compile it to ${basename(path).replace(/ts$/, 'js')}, or use Node.js 22.18 or newer`
    : (message.split('\n')[0] ?? message)
}

/** Loads a module that exports a composition. */
export const readComposition = (path: string): TE.TaskEither<Failure, Composition> =>
  pipe(
    TE.tryCatch(
      () => import(pathToFileURL(resolve(path)).href) as Promise<{ readonly default?: unknown }>,
      (error): Failure => fail('FileUnreadable', { path, reason: reasonOf(error, path) }),
    ),
    TE.chainEitherK(({ default: exported }) =>
      isComposition(exported)
        ? E.right(exported)
        : E.left(
            fail('FileUnreadable', {
              path,
              reason: 'its default export is no composition (outputs, and run as a function of the model)',
            }),
          ),
    ),
    TE.chainFirstEitherKW(({ outputs }) =>
      E.traverseArray(({ path, ...look }: Output) => outputOf(path, look))(outputs),
    ),
  )
