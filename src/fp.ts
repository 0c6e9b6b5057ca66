/**
 * The part of fp-ts that this project uses, under one roof: fp-ts has no exports map,
 * so native ESM needs the long file names, and this is the one place that says them.
 */
export * as E from 'fp-ts/lib/Either.js'
export * as M from 'fp-ts/lib/Monoid.js'
export * as N from 'fp-ts/lib/number.js'
export * as O from 'fp-ts/lib/Option.js'
export * as RA from 'fp-ts/lib/ReadonlyArray.js'
export * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
export * as T from 'fp-ts/lib/Task.js'
export * as TE from 'fp-ts/lib/TaskEither.js'
export { sequenceS } from 'fp-ts/lib/Apply.js'
export { getMonoid as getEndomorphismMonoid } from 'fp-ts/lib/Endomorphism.js'
export { flow, getMonoid as getFunctionMonoid, identity, pipe } from 'fp-ts/lib/function.js'
