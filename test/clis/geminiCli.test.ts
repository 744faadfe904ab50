import { geminiCli } from './clis/geminiCli';
import { declareLoop } from './loop';

declareLoop(geminiCli);
