import { declareContract } from './contract';
import { openaiChat } from './drivers/openaiChat';

declareContract(openaiChat);
