// What each model takes of the settings that some models refuse, for the documentation: the profiles, as a table.

import { catalogueTarget, type Target } from '../../config/target';
import {
  chatRefuses,
  claudeProfile,
  geminiProfile,
  isOpenaiReasoner,
  openaiProfile,
  samplesAt,
} from '../../gateway/src/wire/shared/modelProfiles';
import type { ClaudeProfile } from '../../gateway/src/wire/shared/profileRows';
import { choosable } from '../support/fitting';

/** The section's lines. */
export function modelTable(): string[] {
  return [
    '',
    '## What each model takes',
    '',
    'Who names a model by its provider’s own id is passed on byte for byte and told that provider’s refusals. A model that the',
    'gateway chose (a route, an alias, a successor) is sent nothing that it refuses, on its own wire too: hints (temperature,',
    '`top_p`, `top_k`, penalties, `logit_bias`, efforts, thinking) are left out or said in its own words, and named in',
    '`x-ovth-dropped`; for what changes the form of an answer (a prefill, a forced tool, `n`, log probabilities, stop sequences)',
    'another model of the route is taken, or the request is refused by the field’s name. The models that may be chosen:',
    '',
    '| model | sampling | effort | thinking off | prefill | forced tool | several answers | log probabilities | stop | read |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...(['anthropic', 'openai', 'google'] as const).flatMap((provider) =>
      choosable(provider).map((model) => row(catalogueTarget(model, model.id))),
    ),
    '',
    'Where a forced tool is taken in Responses, so are all tools: a chat request with tools is put to such a model in Responses.',
    'None of Google’s models takes penalties.',
  ];
}

// ---

const yes = (holds: boolean): string => (holds ? 'yes' : 'no');
const code = (list: readonly string[]): string =>
  list.length === 0 ? 'none' : list.map((one) => `\`${one}\``).join(' ');

function row(target: Target): string {
  return `| \`${target.model}\` | ${cells(target).join(' | ')} |`;
}

function cells(target: Target): string[] {
  if (target.provider === 'anthropic') return claudeCells(claudeProfile(target));
  if (target.provider === 'openai') return openaiCells(target);
  const { levels, budget, candidates, url, read } = geminiProfile(target);
  const off = budget?.off === true ? '`thinkingBudget: 0`' : 'no';
  const effort = levels.length === 0 ? 'budget' : code(levels);
  return ['yes', effort, off, 'no', 'yes', yes(candidates), 'no', 'yes', page(url, read)];
}

function claudeCells(profile: ClaudeProfile): string[] {
  const { thinking, efforts, sampling, prefill, forcedTool, offUpToHigh, url, read } = profile;
  const type = thinking.find((one) => one === 'disabled' || one === 'between_tools');
  const off = type === undefined ? 'no' : `\`${type}\`${offUpToHigh ? ' up to `high`' : ''}`;
  const effort = thinking.includes('enabled') && !thinking.includes('adaptive') ? 'budget' : code(efforts);
  return [yes(sampling), effort, off, yes(prefill), yes(forcedTool), 'no', 'no', 'yes', page(url, read)];
}

function openaiCells(target: Target): string[] {
  const { efforts, url, read } = openaiProfile(target)!;
  const always = samplesAt(target, undefined);
  const sampling = always ? 'yes' : efforts.includes('none') ? 'at effort `none`' : 'no';
  const off = efforts.includes('none') ? '`none`' : 'no';
  const forced = chatRefuses(target.row?.chat_refuses, true, undefined) ? 'in Responses' : 'yes';
  const stop = yes(!isOpenaiReasoner(target));
  return [sampling, code(efforts), off, 'no', forced, 'yes', sampling, stop, page(url, read)];
}

function page(url: string, read: string): string {
  return `[${read}](${url})`;
}
