/**
 * Virtual time, and the little of real time that some promises need.
 */
import { TestScheduler, type RunHelpers } from 'rxjs/testing'
import { expect } from 'vitest'

/** Runs marbles; `scheduler` is what a sampler takes its turns from. */
export const virtually = (
  test: (helpers: RunHelpers & { readonly scheduler: TestScheduler }) => void,
): void => {
  const scheduler = new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected)
  })
  scheduler.run((helpers) => {
    test({ ...helpers, scheduler })
  })
}

/** A macrotask later. */
export const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A few macrotasks later: long enough for whatever was about to happen. */
export const aWhile = async (): Promise<void> => {
  for (let k = 0; k < 20; k++) await macrotask()
}

/** A promise with its handles outside. */
export const deferred = <A>(): {
  readonly promise: Promise<A>
  readonly resolve: (value: A) => void
  readonly reject: (error: unknown) => void
} => {
  let resolve: (value: A) => void = () => undefined
  let reject: (error: unknown) => void = () => undefined
  const promise = new Promise<A>((done, failed) => {
    resolve = done
    reject = failed
  })
  return { promise, resolve, reject }
}

/** Which rejections nobody handled while something ran. */
export const unhandledDuring = async (run: () => Promise<void>): Promise<readonly unknown[]> => {
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => {
    unhandled.push(reason)
  }
  process.on('unhandledRejection', note)
  process.on('uncaughtException', note)
  try {
    await run()
    await aWhile()
  } finally {
    process.off('unhandledRejection', note)
    process.off('uncaughtException', note)
  }
  return unhandled
}
