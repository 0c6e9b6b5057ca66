/**
 * A run that a file or flags ask for, and what it comes to with a model.
 */
import { basename } from 'node:path'
import { type Failure, isFailure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import type { Composed, Composition } from '../pipeline/composition.ts'
import type { Model } from '../engine/engine.ts'
import { checkRows } from '../pipeline/model-flaws.ts'
import { failWith } from './fail-with.ts'
import { isModule, type Planned, readComposition, readPlans } from './pipeline-file.ts'
import { flawOf, saidAt } from './said-at.ts'

/** A run that a file asks for. */
export interface Work {
  readonly composition: Composition
  /** What it is called, for people. */
  readonly recipe: string
  /** The verb and flags that make it again, but for outputs. */
  readonly command: readonly string[]
  /** Where it comes from data. */
  readonly planned?: Planned
  /** The one branch of its fork that is wanted: files are called as they are. */
  readonly branch?: string
}

/** A run of data. */
export const workOf =
  (command: readonly string[]) =>
  (planned: Planned): Work => ({
    composition: planned.plan.composition,
    recipe: planned.plan.recipe,
    command,
    planned,
  })

/**
 * The runs that a file asks for.
 *
 * @param path - YAML, JSON, or a module that exports a composition
 * @param sets - `name=value`, in the file's stead
 */
export const readWork = (
  path: string,
  sets: readonly string[] = [],
): TE.TaskEither<Failure, readonly Work[]> => {
  const command = ['run', path, ...sets.map((text) => `--set=${text}`)]
  if (!isModule(path))
    return pipe(
      readPlans(path, sets),
      TE.map((plans) => plans.map(workOf(command))),
    )
  if (sets.length > 0) return TE.left(failWith('--set is for YAML and JSON; a module says what it says'))
  return pipe(
    readComposition(path),
    TE.map((composition) => [{ composition, recipe: basename(path), command }]),
  )
}

/** What a constructor refuses is a failure, what else is thrown a defect. */
const compose = ({ composition: { run } }: Work, model: Model): TE.TaskEither<Failure, Composed> =>
  TE.tryCatch(
    async () => run(model),
    (error) => {
      if (isFailure(error)) return error
      throw error
    },
  )

/** A run of data that is ready to begin, or all that is wrong with it. */
const composedAs =
  ({ plan, refusal }: Planned) =>
  (work: Work, model: Model): TE.TaskEither<Failure, Composed> => {
    const checked = plan.check(model)
    return pipe(
      compose(work, model),
      TE.mapLeft((failure) => {
        if (E.isRight(checked)) return saidAt(work.planned)(failure)
        const flaw = 'path' in failure ? flawOf(plan.pipeline, failure) : undefined
        return refusal([...checked.left, ...(flaw === undefined ? [] : [flaw])])
      }),
      TE.chainFirstEitherK(({ captions = [] }) =>
        pipe(
          checked,
          E.chain(() => checkRows(plan.pipeline, captions.length)),
          E.mapLeft(refusal),
        ),
      ),
    )
  }

/**
 * A run that is ready to begin: everything is refused that can be refused before the network is asked.
 *
 * @param work - what is asked for
 * @param model - whose network is not asked; a model of which only facts are known does as well
 */
export const composed = (work: Work, model: Model): TE.TaskEither<Failure, Composed> =>
  (work.planned === undefined ? compose : composedAs(work.planned))(work, model)
