/**
 * `rxdiffusion explain`: the TypeScript that a pipeline is.
 */
import { render } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { failWith } from './fail-with.ts'
import { isModule, readPlans } from './pipeline-file.ts'
import { exitCode } from './exit-code.ts'

/**
 * Prints the composition that a pipeline means, as a module that `rxdiffusion run` takes.
 *
 * @param path - of its file
 * @param sets - `name=value`, in the file's stead
 * @param print - where the text goes
 * @param complain - where it is said what is wrong
 * @returns the exit code; nothing is thrown
 */
export const explain = async (
  path: string,
  sets: readonly string[],
  print: (text: string) => unknown,
  complain: (text: string) => unknown,
): Promise<number> => {
  const plans = isModule(path)
    ? E.left(failWith(`${path} is TypeScript as it is`))
    : await readPlans(path, sets)()
  return pipe(
    plans,
    E.match(
      (failure) => {
        complain(`${render(failure)}\n`)
        return exitCode.refused
      },
      ([first, ...others]) => {
        if (first !== undefined) print(first.plan.code)
        if (others.length > 0)
          complain(
            `It is a sweep of ${String(others.length + 1)} runs; this is the first. --set chooses another.\n`,
          )
        return exitCode.ok
      },
    ),
  )
}
