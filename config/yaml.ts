// The text of a configuration file → its value, or what is wrong with the text.

import { LineCounter, parseDocument } from 'yaml';
import { ConfigError } from './problems';

/** Text of a YAML mapping → its value. @throws ConfigError with line and column of every problem */
export function parseYaml(text: string): unknown {
  const fail: (message: string) => never = (message) => {
    throw new ConfigError([{ path: '', message }]);
  };
  if (text.startsWith('\uFEFF'))
    fail('line 1, column 1: the file starts with a byte-order mark; save it as plain UTF-8.');
  if (text.trim() === '') fail('the file is empty; write at least one setting, or remove the file to run on defaults.');
  const lines = new LineCounter();
  const document = parseDocument(text, { uniqueKeys: true, lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        return { path: '', message: `line ${line}, column ${col}: ${yamlMessage(error.message, text, error.pos[0])}` };
      }),
    );
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    fail(`the file cannot be read as YAML: ${error instanceof Error ? error.message : String(error)}.`);
  }
  if (value === null || value === undefined)
    fail('the file is empty; write at least one setting, or remove the file to run on defaults.');
  if (typeof value !== 'object' || Array.isArray(value))
    fail('the file must be a mapping of settings, such as "routes:".');
  return value;
}

// ---

function yamlMessage(message: string, text: string, position: number): string {
  if (message.startsWith('Map keys must be unique')) {
    const key = /^[^:\n]*/.exec(text.slice(position))?.[0].trim() ?? '';
    return `"${key}" stands twice; keep one.`;
  }
  if (/tab/i.test(message)) return 'a tab is used for indentation; YAML wants spaces.';
  return `${message.replace(/\.$/, '')}.`;
}
