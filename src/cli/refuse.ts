/** What has gone wrong, in words and as an event for programs. */
import { type Failure, isFailure, render } from '../failure.ts'
import { exitCode } from './exit-code.ts'
import type { Listener, RunEvent } from './run-event.ts'
import type { Terminal } from './terminal.ts'

/** That something has failed. */
export const failedOf = (error: unknown): RunEvent => ({
  event: 'failed',
  kind: isFailure(error) ? error._tag : 'Unexpected',
  reason: render(error),
})

/**
 * Says why something is not begun.
 *
 * @param context - where words go, and which programs are told
 * @returns the exit code
 */
export const refuse = (
  { terminal, report }: { readonly terminal: Terminal; readonly report?: Listener | undefined },
  failure: Failure,
): number => {
  const code = failure._tag === 'EncoderMissing' ? exitCode.encoderMissing : exitCode.refused
  const reason = render(failure)
  terminal.write(`${reason}\n`)
  report?.({ event: 'refused', kind: failure._tag, reason, code })
  return code
}
