import { geminiCli } from './clis/geminiCli';
import { declareContract } from './contract';

declareContract(geminiCli);
