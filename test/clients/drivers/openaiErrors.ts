// The errors of the `openai` package.

import OpenAI from 'openai';
import type { Driver } from '../driver';

const classes: Readonly<Record<number, new (...args: never[]) => Error>> = {
  400: OpenAI.BadRequestError,
  401: OpenAI.AuthenticationError,
  404: OpenAI.NotFoundError,
  429: OpenAI.RateLimitError,
};

export const openaiErrors: Pick<Driver, 'raised' | 'classOf'> = {
  raised: (error) => ({
    error,
    own: error instanceof OpenAI.OpenAIError,
    status: error instanceof OpenAI.APIError ? (error.status as number | undefined) : undefined,
    message: error instanceof OpenAI.APIError ? `${error.message} ${String(error.code)}` : String(error),
  }),
  classOf: (status) => classes[status] ?? OpenAI.InternalServerError,
};
