import { claudeCode } from './clis/claudeCode';
import { declareLoop } from './loop';

declareLoop(claudeCode);
