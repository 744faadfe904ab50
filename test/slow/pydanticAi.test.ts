// Pydantic AI's agent, with its models of each API: a process for every loop.

import { declareLoops, type Framework, type Loop, wherePossible } from '../clients/loops';
import { describeIf } from '../support/shared';
import { pythonWithPackages, runPython } from './python';

const python = pythonWithPackages('pydanticAi.requirements.txt');

const withModel = (api: string, traits: Pick<Framework, 'keepsThoughts' | 'miscounts'>): Framework => ({
  name: `Pydantic AI, ${api}`,
  ...traits,
  open: ({ url, key }) => ({
    play: (model, prompt, _, options) =>
      runPython(python!, 'pydanticAi.py', { api, url, key, model, prompt, ...options }) as Promise<Loop>,
  }),
});

describeIf(python !== undefined)('in Python', () => {
  declareLoops(withModel('chat', { keepsThoughts: () => false }));
  declareLoops(withModel('responses', { keepsThoughts: wherePossible }));
  declareLoops(withModel('anthropic', { keepsThoughts: wherePossible }));
  declareLoops(withModel('google', { keepsThoughts: wherePossible }));
});
