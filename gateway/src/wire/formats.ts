// The facts of every format by its name, for code that needs no codec.

import { facts as messages } from './anthropicMessages/facts';
import type { FormatFacts } from './formatFacts';
import { facts as generate } from './geminiGenerate/facts';
import type { Format } from './neutral';
import { facts as chat } from './openaiChat/facts';
import { facts as responses } from './openaiResponses/facts';

export const formatFacts: Readonly<Record<Format, FormatFacts>> = { chat, responses, messages, generate };
