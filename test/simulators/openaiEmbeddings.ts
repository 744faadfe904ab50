// OpenAI's embeddings: what is refused, and the vectors.
import { tokens } from './answer';
import { embeddingOf, packed } from './embedding';
import { findModel, type Model } from './models';
import { missing, parseBody, wrongType, wrongValue } from './openaiChecks';
import { badRequest, openaiNoModel } from './openaiRefusals';
import { openaiDocument } from './openaiUsage';
import { shown, type Asked, type Json, type Request } from './wire';

/** A request for embeddings, understood. */
export function readEmbeddings(request: Request): Asked {
  const body = parseBody(request.body);
  const model = knownModel(body);
  refuseUnknownFields(body);
  const dimensions = dimensionsOf(body, model);
  const format = body.encoding_format ?? 'float';
  if (format !== 'float' && format !== 'base64') throw wrongValue('encoding_format', format, ['float', 'base64']);
  const inputs = inputsOf(body, model);
  const input = inputs.reduce((sum, one) => sum + one.tokens, 0);
  return {
    model: model.id,
    stream: false,
    prompt: inputs.at(-1)?.text ?? '',
    reply(fault) {
      const usage = fault.usage ? { ...fault.usage, output: 0 } : { input, output: 0 };
      const data = inputs.map(({ text }, index) => {
        const vector = embeddingOf(text, dimensions);
        return { object: 'embedding', index, embedding: format === 'base64' ? packed(vector) : vector };
      });
      const counted = { usage: { prompt_tokens: usage.input, total_tokens: usage.input } };
      const document = { object: 'list', data, model: model.id, ...(!fault.noUsage && counted) };
      return { ...openaiDocument(200, document), usage: fault.noUsage ? undefined : usage };
    },
  };
}

// ---

const FIELDS = new Set('dimensions encoding_format input model user'.split(' '));
/** The most inputs of one request, and the most tokens of one input. */
const MOST = 2_048;
const LONGEST = 8_192;

function knownModel(body: Json): Model {
  if (body.model === undefined) throw badRequest('you must provide a model parameter');
  if (typeof body.model !== 'string') throw wrongType('model', 'a string', body.model);
  const model = findModel('openai', body.model);
  if (!model || !SIZES[nameOf(model)]) {
    if (!model || model.id.startsWith('text-embedding')) throw openaiNoModel(body.model);
    throw badRequest('You are not allowed to generate embeddings from this model', null, null, 403);
  }
  return model;
}

const SIZES: Partial<Record<string, number>> = {
  'text-embedding-3-small': 1_536,
  'text-embedding-3-large': 3_072,
  'text-embedding-ada-002': 1_536,
};

function nameOf(model: Model): string {
  return Object.keys(SIZES).find((name) => model.id.startsWith(name)) ?? '';
}

function refuseUnknownFields(body: Json): void {
  for (const name of Object.keys(body)) {
    if (!FIELDS.has(name) && !name.startsWith('x_'))
      throw badRequest(`Unrecognized request argument supplied: ${name}`);
  }
}

function dimensionsOf(body: Json, model: Model): number {
  const most = SIZES[nameOf(model)] ?? 0;
  const asked = body.dimensions;
  if (asked == null) return most;
  if (typeof asked !== 'number' || !Number.isInteger(asked)) throw wrongType('dimensions', 'an integer', asked);
  // Recorded, and unlike everything else that OpenAI says about a number that is too small.
  if (asked < 1) throw badRequest(`${asked} is less than the minimum of 1 - 'dimensions'`);
  if (model.id.includes('ada')) throw badRequest('This model does not support specifying dimensions.');
  if (asked <= most) return asked;
  const message = `Invalid value for 'dimensions' = ${asked}. Must be less than or equal to ${most}.`;
  throw badRequest(message);
}

interface Input {
  text: string;
  tokens: number;
}

/** One text or many, in letters or in tokens. */
function inputsOf(body: Json, model: Model): Input[] {
  const input = body.input;
  if (input === undefined) throw missing('input');
  const one = typeof input === 'string' || isTokens(input);
  const list: unknown[] = one ? [input] : Array.isArray(input) ? input : [];
  const whole = "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.";
  if (list.length === 0 || !list.every((each) => typeof each === 'string' || isTokens(each))) throw badRequest(whole);
  if (list.length > MOST) {
    const expected = `Expected an array with maximum length ${MOST}, but got an array with length ${list.length} instead.`;
    throw badRequest(`Invalid 'input': array too long. ${expected}`, 'input', 'array_above_max_length');
  }
  return list.map((each, n) => {
    if (each === '')
      throw badRequest(`Invalid '${one ? 'input' : `input[${n}]`}': input cannot be an empty string.`, 'input');
    const count = Array.isArray(each) ? each.length : tokens(Buffer.byteLength(shown(each)));
    if (count <= LONGEST) return { text: Array.isArray(each) ? each.join(' ') : shown(each), tokens: count };
    const longest = `maximum context length is ${model.context} tokens, however you requested ${count} tokens`;
    throw badRequest(
      `This model's ${longest} (${count} in your prompt; 0 for the completion). Please reduce your prompt; or completion length.`,
    );
  });
}

function isTokens(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((one) => Number.isInteger(one));
}
