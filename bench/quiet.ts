/** Measuring in the gaps that others leave. */
import { cpus } from 'node:os'

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
  })

const clocks = (): { readonly idle: number; readonly all: number } => {
  const times = cpus().map((cpu) => cpu.times)
  const idle = times.reduce((sum, time) => sum + time.idle, 0)
  return { idle, all: times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, idle) }
}

/** Whether the processors idle, over so many milliseconds. */
const quietFor = async (ms: number): Promise<boolean> => {
  const before = clocks()
  await pause(ms)
  const after = clocks()
  return after.idle - before.idle > 0.9 * (after.all - before.all)
}

/** Takes a measurement. */
export type Take = <A>(measure: () => Promise<A>) => Promise<A>

/** Measures as soon as threads that spin after their last work have come to rest. */
export const atOnce: Take = async (measure) => {
  await pause(30)
  return measure()
}

/**
 * Measures when nobody else computes, and again where somebody did when it was over. It gives up on that after some
 * minutes, and measures all the same.
 *
 * @param minutes - for how long it waits, all in all
 */
export const whenQuiet = (minutes: number): Take => {
  const deadline = Date.now() + minutes * 60_000
  let warned = false
  const patient = (): boolean => {
    if (Date.now() < deadline) return true
    if (!warned) process.stderr.write('It does not get quiet: from here on, measuring all the same\n')
    warned = true
    return false
  }
  return async (measure) => {
    while (true) {
      await pause(30)
      while (!(await quietFor(300)) && patient()) await pause(500)
      const result = await measure()
      await pause(30)
      if ((await quietFor(150)) || !patient()) return result
    }
  }
}
