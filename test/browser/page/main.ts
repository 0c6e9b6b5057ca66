import * as rxdiffusion from '../../../src/failure.ts'

/** What the page tells the test. */
export type Answer =
  { readonly ok: true; readonly exports: boolean } | { readonly ok: false; readonly error: string }

const tell = (answer: Answer): Promise<Response> =>
  fetch('/answer', { method: 'POST', body: JSON.stringify(answer) })

addEventListener('error', ({ message }) => void tell({ ok: false, error: message }))
addEventListener('unhandledrejection', ({ reason }) => void tell({ ok: false, error: String(reason) }))

await tell({ ok: true, exports: Object.keys(rxdiffusion).length > 0 })
