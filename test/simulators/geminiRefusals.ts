// How Google says no: google.rpc.Status printed as JSON, its details included.
import { Refusal, type Json, type Request } from './wire';

/** The client's own mistake. */
export function googleInvalid(message: string, details?: Json[]): Refusal {
  return status(400, 'INVALID_ARGUMENT', message, details);
}

/** One complaint about one field, in the list of them that Google makes. */
export function complaint(at: string, what: string): Refusal {
  return googleInvalid(`* GenerateContentRequest.${at}: ${what}\n`);
}

/** Why this credential is no good; nothing if it is. */
export function googleUnauthorized(request: Request, key: string): Refusal | undefined {
  if (request.query.has('key')) {
    // The real one takes it. Here it is refused, because a key in a URL ends up in everybody's logs.
    return googleInvalid('The simulator takes no key in a URL: send it in the x-goog-api-key header.');
  }
  if (request.headers.authorization !== undefined) {
    const message =
      'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid ' +
      'authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.';
    return status(401, 'UNAUTHENTICATED', message, [errorInfo('ACCESS_TOKEN_TYPE_UNSUPPORTED')]);
  }
  const given = request.headers['x-goog-api-key'];
  if (given === key) return undefined;
  if (given === undefined) {
    const message =
      "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other " +
      'form of API consumer identity to call this API.';
    return status(403, 'PERMISSION_DENIED', message);
  }
  const message = 'API key not valid. Please pass a valid API key.';
  const localized = { '@type': 'type.googleapis.com/google.rpc.LocalizedMessage', locale: 'en-US', message };
  return googleInvalid(message, [errorInfo('API_KEY_INVALID'), localized]);
}

export function googleNoModel(model: string, path: string, method = 'generateContent'): Refusal {
  const version = path.split('/')[1] ?? 'v1beta';
  const hint = 'Call ListModels to see the list of available models and their supported methods.';
  const message = `models/${model} is not found for API version ${version}, or is not supported for ${method}. ${hint}`;
  return status(404, 'NOT_FOUND', message);
}

export function googleNotFoundPage(path: string): Refusal {
  const text = path.replace(/[<>&]/g, '');
  return new Refusal(
    404,
    `<!DOCTYPE html>\n<html lang=en>\n  <title>Error 404 (Not Found)!!1</title>\n  <p><b>404.</b> <ins>That’s an error.</ins>\n` +
      `  <p>The requested URL <code>${text}</code> was not found on this server.  <ins>That’s all we know.</ins>\n`,
  );
}

export function googleTooLong(_model: string, tokens: number, context = 1_048_576): Refusal {
  return googleInvalid(`The input token count (${tokens}) exceeds the maximum number of tokens allowed (${context}).`);
}

/** A name that the API's messages do not have; `at` is the message, '' for the outermost. */
export function googleUnknownNames(unknown: readonly { name: string; at: string }[]): Refusal {
  const violations = unknown.map(({ name, at }) => ({
    ...(at !== '' && { field: at }),
    description: `Invalid JSON payload received. Unknown name "${name}"${at === '' ? '' : ` at '${at}'`}: Cannot find field.`,
  }));
  const message = violations.map((violation) => violation.description).join('\n');
  return googleInvalid(message, [
    { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: violations },
  ]);
}

export function googleNoCredit(model: string): Refusal {
  return quota(model, undefined);
}

/** What comes with a status that has nothing to do with the request. Google sends no retry-after header. */
export function googleFailure(code: number, model: string, retryAfter: number | undefined): Refusal {
  if (code === 429) return quota(model, retryAfter ?? 1);
  const [name, message] = FAILURES[code] ?? (code < 500 ? CLIENT : SERVER);
  const retry = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retryAfter}s` };
  return status(code, name, message, retryAfter === undefined ? undefined : [retry]);
}

// ---

type Failure = readonly [status: string, message: string];

const CLIENT: Failure = ['INVALID_ARGUMENT', 'Request contains an invalid argument.'];
const SERVER: Failure = [
  'INTERNAL',
  'An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting',
];
const FAILURES: Partial<Record<number, Failure>> = {
  401: ['UNAUTHENTICATED', 'Request had invalid authentication credentials.'],
  403: ['PERMISSION_DENIED', 'The caller does not have permission'],
  404: ['NOT_FOUND', 'Requested entity was not found.'],
  409: ['ABORTED', 'The operation was aborted.'],
  499: ['CANCELLED', 'The operation was cancelled.'],
  503: ['UNAVAILABLE', 'The model is overloaded. Please try again later.'],
  504: ['DEADLINE_EXCEEDED', 'Deadline expired before operation could complete.'],
};

function status(code: number, name: string, message: string, details?: Json[]): Refusal {
  return new Refusal(code, { error: { code, message, status: name, ...(details && { details }) } });
}

function errorInfo(reason: string): Json {
  const metadata = { service: 'generativelanguage.googleapis.com' };
  return { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com', metadata };
}

function quota(model: string, seconds: number | undefined): Refusal {
  const limits = 'https://ai.google.dev/gemini-api/docs/rate-limits';
  const metric = 'generativelanguage.googleapis.com/generate_content_paid_tier_input_token_count';
  const message =
    'You exceeded your current quota, please check your plan and billing details. For more information on this error, ' +
    `head to: ${limits}. To monitor your current usage, head to: https://ai.dev/rate-limit. \n` +
    `* Quota exceeded for metric: ${metric}, limit: 1000000, model: ${model}` +
    (seconds === undefined ? '' : `\nPlease retry in ${seconds}s.`);
  const violation = {
    quotaMetric: metric,
    quotaId: 'GenerateContentPaidTierInputTokensPerModelPerMinute',
    quotaDimensions: { model, location: 'global' },
    quotaValue: '1000000',
  };
  const details: Json[] = [
    {
      '@type': 'type.googleapis.com/google.rpc.Help',
      links: [{ description: 'Learn more about Gemini API quotas', url: limits }],
    },
    { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [violation] },
  ];
  if (seconds !== undefined) {
    details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${seconds}s` });
  }
  return status(429, 'RESOURCE_EXHAUSTED', message, details);
}
