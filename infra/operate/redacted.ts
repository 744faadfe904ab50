// What a log or a report shows must hold no key, whatever a program has written there.

/** The text with whatever looks like a key blotted out. */
export function redacted(text: string): string {
  return text.replaceAll(/(sk-|AIza|ovth_(?:live|master)_)[\w-]{8,}/g, '[secret]');
}
