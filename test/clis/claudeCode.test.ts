import { describeIf } from '../support/shared';
import { claudeCode } from './clis/claudeCode';
import { declareContract } from './contract';
import { perform, runMs } from './perform';
import { makeHome } from './run';
import { startStage } from './stage';

declareContract(claudeCode);

describeIf(claudeCode.program !== undefined)('Claude Code with the name of a route', () => {
  // It lets the system speak in mid-conversation to any model it does not know; this one takes no such words.
  test(
    'is answered by an older Claude',
    async () => {
      const stage = await startStage('routes: {smart: {models: [claude-opus-4.7, gpt-5]}}\n');
      const home = makeHome({ 'note.txt': 'HERON-7' });
      try {
        const { stdout, turns, dropped } = await perform(stage, {
          cli: claudeCode,
          upstream: { model: 'smart', provider: 'anthropic' },
          home,
          prompt: 'Read note.txt',
          script: ([result]) =>
            result === undefined ? [claudeCode.tools.read(`${home.folder}/note.txt`)] : `It says ${result}`,
        });
        expect(stdout).toContain('HERON-7');
        expect(turns[0]!.body.toString()).toContain('<system>\\n# Environment');
        expect(dropped).toEqual([]);
      } finally {
        home.remove();
        await stage.close();
      }
    },
    runMs + 20_000,
  );
});
