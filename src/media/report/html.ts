/** Text inside HTML. */

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as it stands, between tags or in quotes. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (letter) => entities[letter]!)

/** A value as JSON inside a `<script>`, which no text in it can end. */
export const jsonInScript = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c')
