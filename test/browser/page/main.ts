import { sample } from './sample.ts'

/** What the page tells the test. */
export type Answer = Awaited<ReturnType<typeof sample>> | { readonly error: string }

const tell = (answer: Answer): Promise<Response> =>
  fetch('/answer', { method: 'POST', body: JSON.stringify(answer) })

addEventListener('error', ({ message }) => void tell({ error: message }))
addEventListener('unhandledrejection', ({ reason }) => void tell({ error: String(reason) }))

await tell(await sample())
