import { codex } from './clis/codex';
import { declareLoop } from './loop';

declareLoop(codex);
