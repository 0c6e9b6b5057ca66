/**
 * What somebody typed, inside a sentence: as it stands, or in quotes where it would not be seen as one word.
 */
export const quoted = (text: string): string => (/^[^\s"]+$/.test(text) ? text : JSON.stringify(text))
