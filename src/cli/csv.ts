/** Rows of figures as CSV (RFC 4180). */

/** A row: figures and names, by column. */
export type Row = Readonly<Record<string, number | string>>

const cell = (value: number | string): string => {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Rows as CSV, with a line of column names; numbers in full, and nothing where a row has no such column. */
export const csvOf = (rows: readonly Row[]): string => {
  const columns = [...new Set(rows.flatMap(Object.keys))]
  const lines = rows.map((row) => columns.map((column) => cell(row[column] ?? '')).join(','))
  return `${[columns.map(cell).join(','), ...lines].join('\r\n')}\r\n`
}
