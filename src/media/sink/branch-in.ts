/** Branches by name. */

/**
 * Which of these branches a frame is of: its innermost that has a name here.
 *
 * @param branches - by name; a branch of a branch is `outer/inner`
 * @param path - the names of the frame's branches, the outermost first
 *
 * @example
 * ```ts
 * const branches = { ddpm: 'DDPM', 'ddim/half': 'DDIM, half guided' }
 * expect([['ddpm', 'x'], ['ddim', 'half'], ['ddim', 'whole']].map((path) => branchIn(branches, path))).toEqual(['ddpm', 'ddim/half', undefined])
 * ```
 */
export const branchIn = (
  branches: Readonly<Record<string, string>>,
  path: readonly string[],
): string | undefined =>
  path.map((_, i) => path.slice(0, path.length - i).join('/')).find((name) => Object.hasOwn(branches, name))
