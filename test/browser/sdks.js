// The official SDKs as a page loads them.
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

globalThis.sdks = { Anthropic, OpenAI };
