// Google's embedContent and batchEmbedContents: what is refused, and the vectors.
import { tokens } from './answer';
import { embeddingOf } from './embedding';
import { partsText } from './geminiContents';
import { googleDocument } from './geminiDocument';
import { camel, collect, names, type Unknown } from './geminiNames';
import { googleInvalid, googleNoModel, googleUnknownNames } from './geminiRefusals';
import { parseGoogle } from './geminiRequest';
import { findModel } from './models';
import { isJson, shown, type Asked, type Json, type Request } from './wire';

/** One content. */
export function readEmbedding(request: Request, match: RegExpExecArray): Asked {
  const model = modelIn(request, match);
  const one = readOne(camel(parseGoogle(request.body)), '', 'EmbedContentRequest');
  return asked(model, [one], { embedding: { values: valuesOf(one) } });
}

/** Many at once; each of them names the model again. */
export function readEmbeddings(request: Request, match: RegExpExecArray): Asked {
  const model = modelIn(request, match);
  const body = camel(parseGoogle(request.body));
  refuseUnknown(body, BATCH, '');
  const list: unknown[] = Array.isArray(body.requests) ? body.requests : [];
  if (list.length === 0) throw googleInvalid('* BatchEmbedContentsRequest.requests: requests is not specified\n');
  if (list.length > 100)
    throw googleInvalid('* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch\n');
  const all = list.map((raw, n) => {
    const one = isJson(raw) ? camel(raw) : {};
    if (one.model !== `models/${model}`) {
      const problem =
        one.model === undefined
          ? 'unexpected model name format'
          : `model does not match the one in the path: models/${model}`;
      throw googleInvalid(`* BatchEmbedContentsRequest.requests[${n}].model: ${problem}\n`);
    }
    return readOne(one, `requests[${n}]`, `BatchEmbedContentsRequest.requests[${n}]`);
  });
  return asked(model, all, { embeddings: all.map((one) => ({ values: valuesOf(one) })) });
}

// ---

interface One {
  text: string;
  dimensions: number;
  task: string;
}

const REQUEST = names('content embedContentConfig model outputDimensionality taskType title');
const BATCH = names('requests');
const TASKS = names(
  'TASK_TYPE_UNSPECIFIED RETRIEVAL_QUERY RETRIEVAL_DOCUMENT SEMANTIC_SIMILARITY CLASSIFICATION CLUSTERING QUESTION_ANSWERING ' +
    'FACT_VERIFICATION CODE_RETRIEVAL_QUERY',
);
const MOST = 3_072;

function modelIn(request: Request, match: RegExpExecArray): string {
  const name = decodeURIComponent(match[1] ?? '');
  if (findModel('google', name) && /embedding/.test(name)) return name;
  throw googleNoModel(name, request.path, 'embedContent');
}

function refuseUnknown(body: Json, known: ReadonlySet<string>, at: string): void {
  const unknown: Unknown = [];
  collect(body, known, at, unknown);
  if (unknown.length > 0) throw googleUnknownNames(unknown);
}

function readOne(body: Json, at: string, message: string): One {
  refuseUnknown(body, REQUEST, at);
  const config = isJson(body.embedContentConfig) ? camel(body.embedContentConfig) : {};
  const { taskType = 'TASK_TYPE_UNSPECIFIED', outputDimensionality = MOST, title } = { ...body, ...config };
  const task = shown(taskType);
  const place = at === '' ? '' : `${at}.`;
  if (!TASKS.has(task)) {
    const proto = 'type.googleapis.com/google.ai.generativelanguage.v1beta.TaskType';
    throw googleInvalid(`Invalid value at '${place}task_type' (${proto}), "${task}"`);
  }
  if (title !== undefined && task !== 'RETRIEVAL_DOCUMENT')
    throw googleInvalid(`* ${message}.title: only allowed for RETRIEVAL_DOCUMENT\n`);
  if (typeof outputDimensionality !== 'number' || outputDimensionality < 1 || outputDimensionality > MOST)
    throw googleInvalid(`* ${message}.output_dimensionality: must be between 1 and ${MOST}\n`);
  if (!isJson(body.content)) throw googleInvalid(`* ${message}.content: contents is not specified\n`);
  const text = partsText(body.content.parts);
  if (text === '') throw googleInvalid(`* ${message}.content: content is empty\n`);
  return { text, dimensions: outputDimensionality, task };
}

/** A question lies a little off the document that answers it: the task has its own direction. */
function valuesOf({ text, dimensions, task }: One): number[] {
  return embeddingOf(task === 'TASK_TYPE_UNSPECIFIED' ? text : `${text} ${task}`, dimensions);
}

function asked(model: string, all: readonly One[], body: Json): Asked {
  const input = all.reduce((sum, one) => sum + tokens(Buffer.byteLength(one.text)), 0);
  return {
    model,
    stream: false,
    prompt: all.at(-1)?.text ?? '',
    reply(fault) {
      const usage = fault.usage ? { ...fault.usage, output: 0 } : { input, output: 0 };
      const details = [{ modality: 'TEXT', tokenCount: usage.input }];
      const counted = fault.noUsage
        ? {}
        : { usageMetadata: { promptTokenCount: usage.input, promptTokenDetails: details } };
      return { ...googleDocument(200, { ...body, ...counted }), usage: fault.noUsage ? undefined : usage };
    },
  };
}
