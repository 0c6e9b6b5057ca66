/**
 * `--spacing` and `--steps`: `karras:rho=5` and how many, or a text that says how many itself: `ddim50`, `10,15,20`,
 * `explicit:999,400,20`.
 */
import { spacings, type SpacingSettings } from '../diffusion/spacing.ts'
import { spacingCodec } from '../diffusion/spacings/settings.ts'
import { fail } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { type Read, readNumber } from './flags.ts'
import { decoded, type NamedSettings, readNamed, scalar } from './settings-text.ts'

/** How many steps, unless said. */
const USUAL_STEPS = '50'
/** No schedule has more timesteps, and no chain that anybody waits for more levels between them. */
const MOST_STEPS = 1_000_000

const kinds = [...Object.keys(spacings), 'explicit']

/** A text that says how many steps there are. */
const counting = (text: string): NamedSettings | undefined => {
  if (/^ddim\d|^\d/.test(text)) return { kind: 'respacing', text }
  const list = /^explicit:(.*)$/s.exec(text)?.[1]
  return list === undefined
    ? undefined
    : { kind: 'explicit', timesteps: list.split(',').map((each) => scalar(each.trim())) }
}

/** Reads how many steps. */
export const readSteps = (steps = USUAL_STEPS): Read<number> =>
  readNumber('--steps', { whole: true, least: 1, most: MOST_STEPS })(steps)

/**
 * Reads the spacing.
 *
 * @param spacing - as people type it
 * @param steps - as people type it
 */
export const readSpacing = (spacing: string, steps: string | undefined): Read<SpacingSettings> => {
  const counted = counting(spacing)
  if (counted === undefined)
    return pipe(
      E.Do,
      E.apS('count', readSteps(steps)),
      E.apS('named', readNamed('--spacing', kinds)(spacing)),
      E.chain(({ count, named }) => pipe({ ...named, count }, decoded('--spacing', spacingCodec))),
    )
  return steps === undefined
    ? decoded('--spacing', spacingCodec)(counted)
    : E.left(
        fail('Usage', { reason: `--steps says how many steps there are, and so does --spacing ${spacing}` }),
      )
}
