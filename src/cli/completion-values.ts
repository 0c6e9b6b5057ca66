/**
 * What flags and arguments take where that can be said: what the registries have, so that shells can complete it.
 */
import { scheduleKinds } from '../checkpoint/manifest-schedule.ts'
import { clips } from '../diffusion/clip-settings.ts'
import { presets } from '../diffusion/preset.ts'
import { rules } from '../diffusion/solver.ts'
import { spacings } from '../diffusion/spacing.ts'
import { finalLevels } from '../diffusion/transition.ts'
import { engineNames } from '../engine/engine.ts'
import { outputFormats } from '../media/output/kinds.ts'
import { listed } from './ls.ts'

/** The shells that there is a script for. */
export const shells = ['bash', 'zsh', 'fish'] as const

/** The values of flags, wherever they are said. */
export const flagValues: Readonly<Record<string, readonly string[]>> = {
  '--at': ['source', 'destination'],
  '--clip': Object.keys(clips),
  '--engine': ['auto', ...engineNames],
  '--final-level': finalLevels,
  '--format': [...outputFormats.keys()],
  '--known': ['left', 'right', 'top', 'bottom'],
  '--mix': ['slerp', 'lerp'],
  '--over': ['steps', 'samples'],
  '--preset': Object.keys(presets),
  '--rng': ['philox', 'torch'],
  '--route': ['path', 'loop', 'plane'],
  '--sampler': Object.keys(rules),
  '--schedule': Object.keys(scheduleKinds),
  '--show': ['xt', 'x0', 'eps', 'both'],
  '--spacing': Object.keys(spacings),
  '--variance': ['fixed-small', 'fixed-large', 'learned', 'learned-range'],
}

/** The first argument of verbs that take a name. */
export const argumentValues: Readonly<Record<string, readonly string[]>> = {
  completion: shells,
  ls: listed,
  plot: ['schedule', 'spacing', 'coefficients'],
  setup: ['tensorflow'],
}
