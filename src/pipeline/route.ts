/**
 * Along which route an interpolation leads: `route: { kind: path, frames: 9 }`.
 */
import { oneOf, wholeFrom } from '../codecs.ts'
import { lerp, type Mix, slerp } from '../experiment/mix.ts'
import { loop, path, plane, type Route } from '../experiment/route.ts'
import { MOST_SAMPLES } from '../limits.ts'
import { call, library, literal, type Staged } from './staged.ts'
import { defaulted, type Field, kind, struct } from './struct.ts'
import { type Variants, variants } from './variants.ts'

/** A route. */
export type RouteSettings =
  | { readonly kind: 'path'; readonly frames: number }
  | { readonly kind: 'loop'; readonly frames: number }
  | { readonly kind: 'plane'; readonly columns: number; readonly rows: number }

const frames = defaulted(wholeFrom(2, MOST_SAMPLES), 9, 'From each point to the next, both counted.')

/** The codec of a route. */
export const routeCodec: Variants<RouteSettings> = variants<RouteSettings>('a route', {
  path: struct('path', { kind: kind('path'), frames }),
  loop: struct('loop', { kind: kind('loop'), frames }),
  plane: struct('plane', {
    kind: kind('plane'),
    columns: defaulted(wholeFrom(2, MOST_SAMPLES), 5, 'Images in a row.'),
    rows: defaulted(wholeFrom(2, MOST_SAMPLES), 5, 'Rows.'),
  }),
})

/** A route as an expression. */
export const stageRoute = (settings: RouteSettings): Staged<Route> => {
  switch (settings.kind) {
    case 'path':
      return call('path', path, literal(settings.frames))
    case 'loop':
      return call('loop', loop, literal(settings.frames))
    case 'plane':
      return call('plane', plane, literal(settings.columns), literal(settings.rows))
  }
}

/** What lies between two latents. */
export type MixName = 'slerp' | 'lerp'

/** The field of a mix. */
export const mixField: Field<MixName, true> = defaulted(
  oneOf<MixName>('slerp', 'lerp'),
  'slerp',
  'What lies between two latents: on the arc, or on the straight line.',
)

/** A mix as an expression. */
export const stageMix = (name: MixName): Staged<Mix<Float32Array>> =>
  name === 'slerp' ? library('slerp', slerp) : library('lerp', lerp)
