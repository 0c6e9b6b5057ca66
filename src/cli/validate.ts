/**
 * `rxdiffusion validate`: whether pipelines could be run, without running them. No tensor library is loaded.
 */
import { openDiffusersFolder } from '../checkpoint/diffusers-folder.ts'
import { findModel } from '../checkpoint/find-model.ts'
import { defaultModel } from '../engine/load-model.ts'
import { checkFolder } from '../engine/diffusers-checkpoint.ts'
import { type Failure, render } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import type { ModelFacts } from '../pipeline/compile.ts'
import { calledFile, isModule, type Planned, readComposition, readPlans } from './pipeline-file.ts'
import { saidAt } from './said-at.ts'
import { exitCode } from './exit-code.ts'

/** What is known of a model without loading it; nothing of a network's file, which only its library can read. */
const factsOf = (path: string): TE.TaskEither<Failure, ModelFacts | undefined> =>
  pipe(
    findModel(path),
    TE.chain((found) =>
      found.kind === 'diffusers'
        ? pipe(
            openDiffusersFolder(found.path),
            TE.chainEitherKW((folder) =>
              pipe(
                checkFolder(folder),
                E.map(({ trained, config }): ModelFacts | undefined => ({
                  ...trained,
                  learnedVariance: config.out_channels === 2 * config.in_channels,
                })),
              ),
            ),
          )
        : TE.right(undefined),
    ),
  )

const check = (planned: Planned): TE.TaskEither<Failure, void> =>
  pipe(
    factsOf(planned.plan.composition.model ?? defaultModel),
    TE.mapLeft(saidAt(planned)),
    TE.chainEitherK((facts) =>
      facts === undefined ? E.right(undefined) : pipe(planned.plan.check(facts), E.mapLeft(planned.refusal)),
    ),
  )

const validateOne = (path: string, sets: readonly string[]): TE.TaskEither<Failure, number> =>
  isModule(path)
    ? pipe(
        readComposition(path),
        TE.map(() => 1),
      )
    : pipe(
        readPlans(path, sets),
        TE.chainFirst(TE.traverseSeqArray(check)),
        TE.map(({ length }) => length),
      )

/**
 * Checks pipelines, all of them.
 *
 * @param paths - of their files
 * @param sets - `name=value`, in the files' stead
 * @param print - where it is said which are sound
 * @param complain - where it is said what is wrong
 * @returns the exit code; nothing is thrown
 */
export const validate = async (
  paths: readonly string[],
  sets: readonly string[],
  print: (text: string) => unknown,
  complain: (text: string) => unknown,
): Promise<number> => {
  let code: number = exitCode.ok
  for (const path of paths) {
    const result = await validateOne(path, sets)()
    const called = calledFile(path)
    if (E.isRight(result))
      print(`${called}: sound${result.right === 1 ? '' : `, ${String(result.right)} runs`}\n`)
    else {
      const said = render(result.left)
      // what is wrong with a setting says where it stands; all else is about the file as a whole
      complain(`${said.startsWith(called) ? '' : `${called}: `}${said}\n`)
      code = exitCode.refused
    }
  }
  return code
}
