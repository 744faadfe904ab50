import { claudeCode } from './clis/claudeCode';
import { declareContract } from './contract';

declareContract(claudeCode);
