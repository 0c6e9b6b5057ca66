/**
 * What lies between two things.
 */

/** What lies at a share of the way from a to b. At 0 it is a itself, at 1 b itself. */
export type Mix<A> = (a: A, b: A, share: number) => A

/** Linear in both, with the ends untouched. */
const linearly = (a: Float32Array, b: Float32Array, ofA: number, ofB: number): Float32Array =>
  a.map((x, i) => ofA * x + ofB * b[i]!)

/**
 * The number at a share of the way.
 *
 * @equation `(1 − s)·a + s·b`
 *
 * @example
 * ```ts
 * expect(lerpNumber(1, 3, 0.25)).toBe(1.5)
 * ```
 */
export const lerpNumber: Mix<number> = (a, b, share) =>
  share === 0 ? a : share === 1 ? b : (1 - share) * a + share * b

/**
 * Straight from one vector to another.
 *
 * @remarks
 * Between two latents of pure noise the straight line passes through shorter ones, halfway by a factor of √2, which no noise
 * is as short as: the images there are flat. {@link slerp} keeps to their length.
 *
 * @equation `(1 − s)·a + s·b`
 *
 * @example
 * ```ts
 * expect(lerp(Float32Array.of(1, 0), Float32Array.of(0, 1), 0.5)).toEqual(Float32Array.of(0.5, 0.5))
 * ```
 */
export const lerp: Mix<Float32Array> = (a, b, share) =>
  share === 0 ? a : share === 1 ? b : linearly(a, b, 1 - share, share)

/** Below this, sin θ says nothing about the plane of an arc. */
const FLAT = 1e-6

/**
 * Along the arc from one vector to another, at an even angular speed (Shoemake 1985; arXiv:2010.02502, eq. 67).
 *
 * @remarks
 * The angle is that of the whole sample, flattened. Where no arc is marked out, it is {@link lerp}: between vectors that are
 * parallel, which is the limit; between opposite ones, which have infinitely many arcs, through zero; and where one is zero.
 *
 * @equation `sin((1 − s)θ)/sin θ·a + sin(sθ)/sin θ·b` with `cos θ = ⟨a, b⟩/(|a|·|b|)`
 * @law the ends are a and b; `slerp(a, b, s)` is `slerp(b, a, 1 − s)`; of vectors of one length, all have that length
 *
 * @example
 * ```ts
 * const [x, y] = slerp(Float32Array.of(1, 0), Float32Array.of(0, 1), 1 / 3)
 * expect([x, y].map((value) => value?.toFixed(6))).toEqual([Math.cos(Math.PI / 6), 0.5].map((value) => value.toFixed(6)))
 * ```
 */
export const slerp: Mix<Float32Array> = (a, b, share) => {
  if (share === 0) return a
  if (share === 1) return b
  let [aa, bb, ab] = [0, 0, 0]
  for (let i = 0; i < a.length; i += 1) {
    aa += a[i]! * a[i]!
    bb += b[i]! * b[i]!
    ab += a[i]! * b[i]!
  }
  const angle = Math.acos(Math.min(1, Math.max(-1, ab / Math.sqrt(aa * bb))))
  const sine = Math.sin(angle)
  // a zero vector makes the angle NaN
  return sine > FLAT
    ? linearly(a, b, Math.sin((1 - share) * angle) / sine, Math.sin(share * angle) / sine)
    : lerp(a, b, share)
}
