// Which targets a request that demands several answers may go to: those that give them, in its own format or another.

import { findModel } from '../../config/catalogue';
import { catalogueTarget } from '../../config/target';
import { refusedDemand } from '../../gateway/src/wire/refusedDemand';

const several = { list: [{ kind: 'n', field: 'n' }] } as const;
const target = (id: string) => catalogueTarget(findModel(id)!.model, id);

test.each([
  ['gemini-2.5-flash', 'gemini', [], undefined],
  ['claude-opus-4-7', 'anthropic', [], 'n'],
  ['gpt-6.2-sol', 'openai', [], undefined],
  // With tools it is asked in Responses, which gives one answer.
  ['gpt-6.2-sol', 'openai', ['tools'], 'n'],
  ['gpt-4.1', 'openai', ['tools'], undefined],
] as const)('a chat request for two answers at %s (%s) with %j', (id, wire, capabilities, refused) => {
  expect(refusedDemand(several, 'chat', wire, target(id), capabilities)?.kind).toBe(refused);
});
