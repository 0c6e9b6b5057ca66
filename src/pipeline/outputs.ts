/**
 * What a pipeline writes: `outputs: [{ kind: grid, path: out/grid.png }]`.
 */
import { listOf, numberIn, oneOf, wholeFrom, words } from '../codecs.ts'
import type { LookName } from '../media/output/kinds.ts'
import { type OutputKind, outputKindNames, outputKinds } from '../media/output/kinds.ts'
import type { Output } from '../media/output/output.ts'
import type { FrameField } from '../stream/frame.ts'
import { type AnyField, free, kind, needed, Struct } from './struct.ts'
import { Variants } from './variants.ts'

const looks: Readonly<Record<LookName, AnyField>> = {
  show: free(
    listOf('fields', oneOf<FrameField>('xt', 'x0', 'eps')),
    'What of each step, side by side; xt unless said.',
  ),
  every: free(wholeFrom(1), 'Every how manieth step; 1 unless said.'),
  fps: free(numberIn(0.1, 240), 'Frames a second; 25 unless said.'),
  over: free(
    oneOf('steps', 'samples'),
    'What goes by in a film: the steps, or the finished samples one after the other; steps unless said.',
  ),
  scale: free(wholeFrom(1), 'Pixels per pixel of an image; as suits the size unless said.'),
}

const member = (name: OutputKind): Struct<unknown> =>
  new Struct(name, {
    kind: kind(name),
    path: needed(words, `Relative to this file: ${outputKinds[name].about}.`),
    ...Object.fromEntries(outputKinds[name].heeds.map((look) => [look, looks[look]])),
  })

/** The codec of an output. */
export const outputCodec: Variants<Output> = new Variants<Output>(
  'an output',
  Object.fromEntries(
    outputKindNames
      .filter((name) => outputKinds[name].endings.length > 0)
      .map((name) => [name, member(name)]),
  ),
)
