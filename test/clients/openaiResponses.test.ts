import { declareContract } from './contract';
import { openaiResponses } from './drivers/openaiResponses';

declareContract(openaiResponses);
