import { declareContract } from './contract';
import { anthropic } from './drivers/anthropic';

declareContract(anthropic);
