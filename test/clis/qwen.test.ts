import { qwenOpenai, qwenAnthropic } from './clis/qwen';
import { declareContract } from './contract';

declareContract(qwenOpenai);
declareContract(qwenAnthropic);
