/**
 * Pipelines in TypeScript: what a file exports by default, and what `rxdiffusion explain` prints.
 */
import type { Observable } from 'rxjs'
import type { Model } from '../engine/engine.ts'
import type { Output } from '../media/output/output.ts'
import type { Frame } from '../stream/frame.ts'

/** What engines compute with. */
export type Tensor = Parameters<Model['algebra']['dispose']>[0]

/** A run that is ready to begin. */
export interface Composed {
  readonly frames$: Observable<Frame<Tensor>>
  /** One for each sample; none unless said. */
  readonly captions?: readonly string[]
  /** Samples in a row of pictures; as suits their number unless said. */
  readonly columns?: number
  /** Of a fork: a caption for each branch. */
  readonly branches?: Readonly<Record<string, string>>
}

/** A pipeline in TypeScript. */
export interface Composition {
  /** Folder or file of a model; the one that comes with the package unless said. */
  readonly model?: string
  /** What runs it; whatever there is unless said. */
  readonly engine?: string
  readonly outputs: readonly Output[]
  /** Makes a run of a model. */
  readonly run: (model: Model) => Composed | Promise<Composed>
}

/**
 * A pipeline in TypeScript: the default export of a file that `rxdiffusion run` takes. It is what it is given, checked by the compiler.
 *
 * @param composition - model, engine, outputs, and how the model is run
 *
 * @example
 * ```ts
 * const cooling = composition({
 *   outputs: [{ kind: 'grid', path: 'out/grid.png' }],
 *   run: (model) => ({
 *     frames$: respace(model.schedule, trailing(20)).pipe(
 *       denoise({
 *         model,
 *         rule: ddim({ eta: ({ from }) => 1 - from.alphaBar }),
 *         noise: philox({ seed: 7 }),
 *         condition: { labels: [7, 8] },
 *       }),
 *     ),
 *   }),
 * })
 * expect(cooling.outputs).toHaveLength(1)
 * ```
 */
export const composition = (composition: Composition): Composition => composition
