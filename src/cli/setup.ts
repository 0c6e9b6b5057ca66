/**
 * `rxdiffusion setup`: builds what npm alone can't install.
 */
import { openEngine } from '../engine/engines.ts'
import { checkOperations } from '../engine/operations.ts'
import { home, type Parts } from '../engine/setup/place.ts'
import { madeIn, setUpTensorflow } from '../engine/setup/tensorflow.ts'
import { complaintOf, tool, unready } from '../engine/setup/tool.ts'
import { fail, type Failure, render } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { quoted } from '../quoted.ts'
import { exitCode } from './exit-code.ts'

/** The flags of `setup`. */
export interface SetupFlags {
  readonly gpu?: boolean
  readonly version?: string
  readonly check?: boolean
}

/** What a setup has of the process. */
export interface SetupContext {
  readonly print: (text: string) => unknown
  readonly words: (text: string) => unknown
  readonly signal: AbortSignal
}

/** Starts the engine and compares what it computes; what runs, for people. */
const checked = (parts: Parts): TE.TaskEither<Failure, string> =>
  pipe(
    openEngine(parts),
    TE.bindTo('engine'),
    TE.bind('found', () => TE.fromTask(checkOperations)),
    TE.chain(({ engine: { about }, found: { count, wrong } }) =>
      wrong.length === 0
        ? TE.right(`${about}: ${count} of ${count} operations agree with plain JavaScript`)
        : TE.left(
            unready(
              'TensorFlow',
              `${wrong.join(', ')} come out wrong on ${about}; type this again with another --version`,
            ),
          ),
    ),
  )

/** The same in a process of its own, on what lies in another home: what has just been built may end it. */
const checkedApart =
  (parts: Parts, signal: AbortSignal) =>
  (place: string): TE.TaskEither<Failure, string> =>
    pipe(
      tool(
        'TensorFlow',
        process.execPath,
        [
          process.argv[1] ?? '',
          'setup',
          'tensorflow',
          '--check',
          ...(parts === 'tensorflow' ? [] : ['--gpu']),
        ],
        {
          signal,
          env: { RXDIFFUSION_HOME: place },
          missing: 'Node is gone',
          broken: (printed) => `it was built and does not work; ${complaintOf(printed)}`,
        },
      ),
      TE.map((printed) => printed.trim()),
    )

/**
 * Sets up what is named.
 *
 * @param what - `tensorflow`
 * @param flags - of the command line
 * @param context - where words go
 * @returns the exit code
 */
export const setup = async (
  what: string,
  { gpu = false, version, check = false }: SetupFlags,
  { print, words, signal }: SetupContext,
): Promise<number> => {
  const refuse = (failure: Failure, code: number): number => {
    words(`${render(failure)}\n`)
    return code
  }
  if (what !== 'tensorflow')
    return refuse(fail('Usage', { reason: `setup takes tensorflow, not ${quoted(what)}` }), exitCode.refused)
  if (version !== undefined && !/^\d+\.\d+\.\d+(rc\d+)?$/.test(version))
    return refuse(
      fail('Usage', { reason: `--version takes a version such as 2.15.1, not ${quoted(version)}` }),
      exitCode.refused,
    )
  const parts = gpu ? 'tensorflow-gpu' : 'tensorflow'
  const there = await checked(parts)()
  if (check) {
    if (E.isLeft(there)) return refuse(there.left, exitCode.failed)
    print(`${there.right}\n`)
    return exitCode.ok
  }
  const made = await madeIn(parts)
  const other = version !== undefined && made?.requirement.split(' ')[1] !== version
  if (E.isRight(there) && !other) {
    print(`It is there, and works: ${there.right}.\n`)
    return exitCode.ok
  }
  const built = await setUpTensorflow({
    parts,
    version,
    signal,
    told: (line) => void words(`${line}\n`),
    check: checkedApart(parts, signal),
  })()
  if (E.isLeft(built)) return refuse(built.left, signal.aborted ? exitCode.interrupted : exitCode.failed)
  const { requirement, sha256 } = built.right
  print(
    `${requirement} (sha256 ${sha256.slice(0, 16)}…) is set up in ${home()}; use it with --engine ${parts}.\n`,
  )
  return exitCode.ok
}
