// A line for each case as it ends, for suites whose cases take long: Jest's own reporter shows them once their file is over.
module.exports = class CaseLines {
  onTestCaseResult(_test, { status, fullName, duration }) {
    if (status === 'pending' || status === 'skipped') return;
    const seconds = ((duration ?? 0) / 1_000).toFixed(1).padStart(6);
    process.stderr.write(`  ${status === 'passed' ? '✓' : '✕'} ${seconds} s  ${fullName}\n`);
  }
};
