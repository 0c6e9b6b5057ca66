/**
 * What happens in a run, for programs: `--json` writes a line for each.
 */
import { type Observable, tap } from 'rxjs'
import type { FailureTag } from '../failure.ts'
import { branchOf } from '../stream/branch.ts'
import type { Frame } from '../stream/frame.ts'
import type { Row } from './csv.ts'

/** Which kind of failure it was; a defect is of none. */
type Kind = FailureTag | 'Unexpected'

/** What happens in a run. */
export type RunEvent =
  | {
      readonly event: 'begin'
      readonly recipe: string
      readonly engine: string
      readonly outputs: readonly string[]
    }
  | {
      readonly event: 'step'
      /** From 1. */
      readonly step: number
      readonly of: number
      /** Where the step has led; −1 is the clean level. */
      readonly t: number
      readonly alphaBar: number
      readonly branch?: string
    }
  | {
      readonly event: 'wrote'
      readonly path: string
      /** Not known of a pipe that another program has written into. */
      readonly bytes?: number | undefined
      readonly sidecar?: string | undefined
    }
  | {
      /** Nothing was begun. */
      readonly event: 'refused'
      readonly kind: Kind
      /** The sentence. */
      readonly reason: string
      /** The exit code. */
      readonly code: number
    }
  | { readonly event: 'failed'; readonly kind: Kind; readonly reason: string }
  | {
      readonly event: 'end'
      readonly code: number
      readonly samples: number
      readonly steps: number
      readonly seconds: number
    }
  /** A table's. */
  | { readonly event: 'row'; readonly row: Row }
  | { readonly event: 'end'; readonly code: number; readonly rows: number; readonly seconds: number }

/** Who is told. */
export type Listener = (event: RunEvent) => void

/** Tells of every step. */
export const reportSteps =
  (report: Listener | undefined) =>
  <T>(frames$: Observable<Frame<T>>): Observable<Frame<T>> =>
    report === undefined
      ? frames$
      : frames$.pipe(
          tap((frame) => {
            const { branch } = branchOf(frame)
            const { index, count, to } = frame.transition
            report({
              event: 'step',
              step: index + 1,
              of: count,
              t: to.t,
              alphaBar: to.alphaBar,
              ...(branch === undefined ? {} : { branch }),
            })
          }),
        )
