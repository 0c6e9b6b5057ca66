/**
 * Programs of other people that a setup needs: run to their end, with a failure for each way that may go wrong.
 */
import { spawn } from 'node:child_process'
import { fail, type Failure } from '../../failure.ts'
import { TE } from '../../fp.ts'

/** How a program is run. */
export interface ToolOptions {
  readonly signal: AbortSignal
  /** Told of every line that it prints, as it is printed. */
  readonly heard?: (line: string) => void
  readonly env?: Readonly<Record<string, string>>
  /** What to say when it isn't there: the end of a sentence, with what to type. */
  readonly missing: string
  /** What to say when it ends badly, given what it printed. */
  readonly broken: (printed: string) => string
}

/** The failure of a setup. */
export const unready = (what: string, reason: string): Failure => fail('SetupFailed', { what, reason })

/** The last lines in which a program speaks of errors, or else its very last; as the end of a sentence. */
export const complaintOf = (printed: string): string => {
  const lines = printed.split('\n').flatMap((line) => line.trim() || [])
  const errors = lines.filter((line) => /\berror\b/i.test(line))
  return (errors[0] ?? lines.at(-1) ?? 'it said nothing').replace(/^(npm )?error:? */i, '').replace(/\.$/, '')
}

/**
 * Runs a program.
 *
 * @param what - is being set up, for the failure
 * @param program - its name or path
 * @param args - its arguments
 * @param options - see {@link ToolOptions}
 * @returns what it printed; or SetupFailed
 */
export const tool = (
  what: string,
  program: string,
  args: readonly string[],
  { signal, heard = () => undefined, env = {}, missing, broken }: ToolOptions,
): TE.TaskEither<Failure, string> =>
  TE.tryCatch(
    () =>
      new Promise<string>((done, failed) => {
        let printed = ''
        const child = spawn(program, args, {
          signal,
          env: { ...process.env, ...env },
          stdio: ['ignore', 'pipe', 'pipe'],
        })
        const hear = (chunk: Buffer): void => {
          const text = chunk.toString()
          printed += text
          text.split('\n').forEach(heard)
        }
        child.stdout.on('data', hear)
        child.stderr.on('data', hear)
        child.on('error', (error: NodeJS.ErrnoException) => {
          failed(
            unready(
              what,
              error.code === 'ENOENT' ? missing : signal.aborted ? 'it was interrupted' : error.message,
            ),
          )
        })
        child.on('close', (code, ended) => {
          if (code === 0) done(printed)
          else
            failed(unready(what, broken(ended === null ? printed : `${printed}\nit was ended by ${ended}`)))
        })
      }),
    (failure) => failure as Failure,
  )
