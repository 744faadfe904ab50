// The contract on every storage there is, and on the model that others are compared with.

import { describeStorage } from './contract';
import { modelWorld, sqliteWorld, threadProgram } from './worlds';

describeStorage('memory', modelWorld);
describeStorage('SQLite in this thread', () => sqliteWorld(''));
describeStorage('SQLite on its threads', () => sqliteWorld(threadProgram()));
