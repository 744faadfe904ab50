import { mastra } from './drivers/mastra';
import { declareLoops } from './loops';

for (const framework of Object.values(mastra)) declareLoops(framework);
