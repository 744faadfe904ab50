import { declareContract } from './contract';
import { genai } from './drivers/genai';

declareContract(genai);
