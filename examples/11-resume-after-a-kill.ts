/**
 * A run that survives being killed: end it in any way (Ctrl-C, kill -9), start it again, and it goes on from its last state,
 * to the same images bit for bit.
 */
import { rm } from 'node:fs/promises'
import { lastValueFrom, type Observable, tap } from 'rxjs'
import * as rx from 'rxdiffusion/node'

const file = 'out/11-state.safetensors'
const model = await rx.orThrow(rx.loadModel(await rx.orThrow(rx.openEngine('onnx'))))
const rule = rx.dpmpp2m()
const noise = rx.philox({ seed: 11 })

type Frames = Observable<rx.Frame<Parameters<typeof model.predict>[0]>>

const anew = (): Frames =>
  rx
    .respace(model.schedule, rx.trailing(40))
    .pipe(rx.denoise({ model, rule, noise, condition: { labels: [0, 1, 5, 7, 8, 9] } }))

// nothing there, or nothing that this run could go on from: begin
const found = await rx.readState(file)()
const begun = found._tag === 'Right' ? found.right : undefined
const frames$ = begun === undefined ? anew() : rx.replayFrom(begun, { model, rule, noise })
console.log(begun === undefined ? 'from noise' : `${String(begun.ahead.length)} steps are left`)

const written$ = frames$.pipe(
  tap(({ transition }) => console.log(`step ${String(transition.index + 1)} of 40`)),
  rx.checkpointEvery(5, rx.toStateFile(file)),
  rx.toGrid('out/11-grid.png'),
)
const { path } = await lastValueFrom(written$)
await rm(file, { force: true })
console.log(path)
model[Symbol.dispose]()
