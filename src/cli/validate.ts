/**
 * `rxdiffusion validate`: whether pipelines could be run, without running them. No tensor library is loaded.
 */
import { type Failure, render } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { exitCode } from './exit-code.ts'
import { calledFile } from './pipeline-file.ts'
import { rehearse } from './rehearse.ts'
import { readWork } from './work.ts'

/** How many runs a file asks for, all of which could begin. */
const validateOne = (path: string, sets: readonly string[]): TE.TaskEither<Failure, number> =>
  pipe(
    readWork(path, sets),
    TE.chainFirst(TE.traverseSeqArray(rehearse)),
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
