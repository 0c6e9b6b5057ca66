/**
 * `--spacing` and `--steps`: `karras:rho=5` and how many, or a text that says how many itself: `ddim50`, `10,15,20`,
 * `explicit:999,400,20`.
 */
import { decodeConfig } from '../decode-config.ts'
import { explicit, spacings, type SpacingSettings } from '../diffusion/spacing.ts'
import { spacingCodec } from '../diffusion/spacings/settings.ts'
import { fail } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { type Read, readNumber } from './flags.ts'
import { readNamed, scalar } from './settings-text.ts'

/** How many steps, unless said. */
const USUAL_STEPS = '50'
/** No schedule has more timesteps, and no chain that anybody waits for more levels between them. */
const MOST_STEPS = 1_000_000

/** A text that says how many steps there are; nothing for one that leaves it open. */
export const countedSpacing = (text: string): Read<SpacingSettings> | undefined => {
  if (/^ddim\d|^\d/.test(text)) return E.right({ kind: 'respacing', text })
  const list = /^explicit:(.*)$/s.exec(text)?.[1]
  return list === undefined
    ? undefined
    : pipe(
        { kind: 'explicit', timesteps: list.split(',').map((each) => scalar(each.trim())) },
        decodeConfig('--spacing', spacingCodec),
        E.mapLeft(({ reason }) => fail('Usage', { reason: `--spacing explicit: ${reason}` })),
      )
}

/** Reads how many steps. */
export const readSteps = (steps: string | undefined): Read<number> =>
  readNumber('--steps', { whole: true, least: 1, most: MOST_STEPS })(steps ?? USUAL_STEPS)

/**
 * Reads the spacing.
 *
 * @param spacing - as people type it
 * @param steps - as people type it
 */
export const readSpacing = (spacing: string, steps: string | undefined): Read<SpacingSettings> => {
  const counted = countedSpacing(spacing)
  if (counted === undefined)
    return pipe(
      E.Do,
      E.apS('count', readSteps(steps)),
      E.apS('named', readNamed('--spacing', { ...spacings, explicit })(spacing)),
      E.chain(({ count, named: { kind, ...settings } }) =>
        kind === 'explicit'
          ? E.left(fail('Usage', { reason: '--spacing explicit takes timesteps, as in explicit:999,400,20' }))
          : E.right({ kind, count, ...settings }),
      ),
    )
  return steps === undefined
    ? counted
    : E.left(
        fail('Usage', { reason: `--steps says how many steps there are, and so does --spacing ${spacing}` }),
      )
}
