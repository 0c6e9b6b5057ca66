/**
 * The tensor algebra: one type class, written down once, with an instance for every way to run.
 *
 * Terms, rules and streams need only a {@link VectorAlgebra}; the network needs a {@link NetworkAlgebra}.
 * As in fp-ts an instance is a plain value that is passed along, and `T` is whatever that
 * instance computes with: a number, a typed array, a `tf.Tensor`, the name of a value in a graph, or a mere shape.
 *
 * Everywhere: no function disposes of its arguments, and the caller owns what is returned.
 */

/** The extent of each axis. Images are `[rows, height, width, channels]`; a *row* is one sample of the batch. */
export type Shape = readonly number[]

/** Numbers with a shape, in row-major order: what goes into an algebra and what is read back from it. */
export interface Values {
  readonly shape: Shape
  readonly data: Float32Array | Float64Array
}

/** A scalar for the whole batch, or one scalar per row. */
export type Coefficient = number | readonly number[]

/**
 * A linear combination that nobody has computed yet: `Σ cᵢ·vᵢ`, an element of the free vector space over `T`.
 * Sums are added and scaled for free; {@link VectorAlgebra.combine} evaluates one in a single pass over memory.
 */
export type Sum<T> = ReadonlyArray<readonly [coefficient: Coefficient, vector: T]>

/** Where the normals of a batch come from: what `philox` makes of a draw, and of each row's seed and sample id. */
export interface NormalsAddress {
  readonly draw: number
  readonly rows: ReadonlyArray<{ readonly seed: number; readonly sample: number }>
}

/** What terms, rules and streams need of numbers. */
export interface VectorAlgebra<T> {
  /** Evaluates `Σ cᵢ·vᵢ`. All vectors have one shape; the result is a new value, even for `1·v`. */
  readonly combine: (sum: Sum<T>) => T
  /** Evaluates `Σ cᵢ·vᵢ` and clamps every element into `[low, high]`, in the same pass. */
  readonly clamp: (sum: Sum<T>, low: number, high: number) => T
  /** Scales each row of `x` to the standard deviation of the same row of `like`; a row that is one number over and over stays as it is. */
  readonly matchDeviation: (x: T, like: T) => T
  /** Divides each row by a quantile of its magnitudes, `share` in `[0, 1]`, interpolated linearly and clamped into `[low, high]`; `low` is above 0. */
  readonly divideByQuantile: (x: T, share: number, low: number, high: number) => T
  /** `x·e^(factor·exponent)`, element by element; both have one shape. */
  readonly scaleByExp: (x: T, exponent: T, factor: number) => T
  /** One batch of several: the rows of the first, then those of the second, and so on. */
  readonly joinRows: (batches: readonly T[]) => T
  /** Several batches of one, of so many rows each: the inverse of {@link VectorAlgebra.joinRows}. */
  readonly splitRows: (x: T, rows: readonly number[]) => readonly T[]
  /** Brings numbers into the algebra (an upload, where the algebra lives on a device). */
  readonly fromValues: (values: Values) => T
  /** Makes the normals of an address itself, to 1e-6, by an algebra that lives where nothing has to be brought for that; `undefined` where it can't now. */
  readonly normals?: (shape: Shape, address: NormalsAddress) => T | undefined
  /** Reads numbers back: at once where they are at hand, by a promise where they come from a device; `x` has to stay alive until then. */
  readonly toValues: (x: T) => Values | Promise<Values>
  readonly shape: (x: T) => Shape
  readonly dispose: (x: T) => void
}

/** Zeros around an image, in pixels. */
export interface Padding {
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

/** Frequencies of the positional time embedding; see {@link NetworkAlgebra.sinusoid}. */
export interface Sinusoid {
  /** Width of the embedding. */
  readonly dim: number
  /** cos before sin. */
  readonly flipSinToCos: boolean
  readonly freqShift: number
}

/** The activation functions that diffusers' `act_fn` names. */
export type Activation = 'silu' | 'mish' | 'gelu' | 'relu'

/**
 * What a convolutional network with attention needs. Three kinds of `T` occur, by rank:
 * an *image* `[rows, height, width, channels]`, *tokens* `[rows, length, channels]`, and a *vector* `[rows, channels]`.
 * The axes are named in this order whatever the instance stores.
 */
export interface NetworkAlgebra<T> {
  /** Cross-correlation of an image with a filter (`parameter` of rank 4), plus a bias per output channel. */
  readonly conv2d: (
    x: T,
    filter: T,
    bias: T,
    options: { readonly stride: 1 | 2; readonly padding: Padding },
  ) => T
  /** `x·Wᵀ + b` on the channels of a vector or of tokens. */
  readonly dense: (x: T, weight: T, bias: T) => T
  /** Normalises an image or tokens to mean 0 and variance 1 within groups of channels, then scales and shifts each channel. */
  readonly groupNorm: (
    x: T,
    scale: T,
    shift: T,
    options: { readonly groups: number; readonly eps: number },
  ) => T
  /** {@link NetworkAlgebra.groupNorm}, then `silu`, by an instance that can do both in one pass. */
  readonly groupNormSilu?: NetworkAlgebra<T>['groupNorm']
  readonly activate: (kind: Activation, x: T) => T
  /** Elementwise sum of two values of one shape. */
  readonly add: (x: T, y: T) => T
  /** `x·factor + offset`, both scalars. */
  readonly affine: (x: T, factor: number, offset: number) => T
  /** Adds a vector to every pixel of an image. */
  readonly addVector: (image: T, vector: T) => T
  /** `image·(1 + scale) + shift`, with scale and shift vectors. */
  readonly modulate: (image: T, scale: T, shift: T) => T
  /** `softmax(q·kᵀ/√d)·v` for each head, on tokens; head h has the channels `h·d … (h+1)·d − 1`. */
  readonly attention: (q: T, k: T, v: T, heads: number) => T
  /** An image as tokens, row by row. */
  readonly toTokens: (image: T) => T
  /** Tokens as an image with the height and width of `like`. */
  readonly toImage: (tokens: T, like: T) => T
  /** Repeats every pixel twice in both directions. */
  readonly upsample: (image: T) => T
  /** Means of 2×2 pixels; an odd last row or column is dropped. */
  readonly averagePool: (image: T) => T
  /** Joins images along the channels. */
  readonly concat: (images: readonly T[]) => T
  /** Cuts the channels of a vector into equal parts. */
  readonly split: (vector: T, parts: number) => readonly T[]
  /** Rows of a table, picked by the integers in `indices`. */
  readonly embedding: (table: T, indices: T) => T
  /**
   * The positional embedding of times `t` (one per row): `sin(t·w_k)` and `cos(t·w_k)` with
   * `w_k = 10000^(−k/(dim/2 − freqShift))`; an odd `dim` ends in a zero.
   */
  readonly sinusoid: (t: T, options: Sinusoid) => T
}

/** Everything: an algebra that a whole sampler, network included, runs in. */
export type TensorAlgebra<T> = VectorAlgebra<T> & NetworkAlgebra<T>

/**
 * Where a network's weights come from: by the checkpoint's name, with the shape that the network expects.
 * Shapes are as checkpoints store them: a filter is `[out, in, height, width]`, a dense weight `[out, in]`.
 * The instance decides what it makes of them, and fails where the shape does not match.
 */
export type Parameters<T> = (name: string, shape: Shape) => T
