import { openaiAgents } from './drivers/openaiAgents';
import { declareLoops } from './loops';

for (const framework of Object.values(openaiAgents)) declareLoops(framework);
