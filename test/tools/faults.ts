// What can go wrong with a gateway, by id. The ids stand in the names of the tests that show what happens then, such as
// `[B1]`; test/RELIABILITY.md lists both.

export interface Fault {
  readonly id: string;
  /** What goes wrong. */
  readonly what: string;
  /** What of it is not shown, or not done. */
  readonly lacks?: string;
  /** Why no test of this repository shows it. */
  readonly untested?: string;
}

export const faults: readonly Fault[] = [
  { id: 'A1', what: 'a copy of the data folder gives away a key' },
  { id: 'A2', what: 'the time of a refusal tells how near a guess was', untested: 'timing on a shared machine proves nothing either way. Keys are looked up by the SHA-256 of what was sent, the master key is compared in constant time, and a wrong checksum is refused before any look-up.' },
  { id: 'A3', what: 'keys are guessed by the thousand', lacks: 'how many refusals a core makes in a second is not asserted.' },
  { id: 'A4', what: 'a credential or a name becomes SQL' },
  { id: 'A5', what: 'the master key or a provider’s key can be read where it does not belong' },
  { id: 'A6', what: 'a secret or a prompt stands in a log line or an error' },
  { id: 'A7', what: 'a key stands in a URL' },
  { id: 'A8', what: 'a credential, a cookie or a header of one connection crosses the gateway' },
  { id: 'A9', what: 'an app key does what only an administrator may' },
  { id: 'A10', what: 'a revoked key goes on working' },

  { id: 'B1', what: 'two readers of a request see its end in different places' },
  { id: 'B2', what: 'Host or X-Forwarded-For decide what they must not' },
  { id: 'B3', what: 'a path is spelled so that it reaches something else' },
  { id: 'B4', what: 'bodies fill the memory' },
  { id: 'B5', what: 'a content type changes how a body is read' },
  { id: 'B6', what: 'a small JSON costs much to parse' },
  { id: 'B7', what: 'a field changes the prototype of all objects' },
  { id: 'B8', what: 'two parsers read different values out of one body' },
  { id: 'B9', what: 'headers fill the memory' },
  { id: 'B10', what: 'a compressed body unfolds to gigabytes' },

  { id: 'C1', what: 'a client says where the gateway connects' },
  { id: 'C2', what: 'a client makes the gateway fetch a URL' },
  { id: 'C3', what: 'a redirect, or a name that changes its address, leads inside', lacks: 'addresses are resolved by the system; a configured name is trusted to mean what it resolves to.' },
  { id: 'C4', what: 'a provider is somebody else', lacks: 'shown with a certificate that nobody has signed; expired ones, other names and old versions of TLS are left to Node’s own checks.' },
  { id: 'C5', what: 'a process that was taken over reaches the cloud’s metadata', lacks: 'containers may connect to any address on the internet, not to ports 443 and 53 only.' },

  { id: 'D1', what: 'connections that never send their headers' },
  { id: 'D2', what: 'a body that comes byte by byte' },
  { id: 'D3', what: 'more connections than there is room for', lacks: 'the limit is shown to be applied, not under a flood of thousands.' },
  { id: 'D4', what: 'more requests than can be served', lacks: 'requests over a limit are refused at once; the delay of the event loop is not measured, and does not refuse any.' },
  { id: 'D5', what: 'the memory runs out', lacks: 'shown over minutes of greedy clients, not over an hour at capacity; resident memory does not refuse bodies, what requests hold does.' },
  { id: 'D6', what: 'one bad request ends all others' },

  { id: 'E1', what: 'clients that do not read', lacks: 'what one stuck client costs is not asserted, but what two hundred do together is.' },
  { id: 'E2', what: 'a client that reads slowly is cut' },
  { id: 'E3', what: 'a client leaves, and its provider goes on at its cost', lacks: 'how soon a provider sees it is a figure of the benchmark.' },
  { id: 'E4', what: 'what a client that left has used is not booked, or twice' },
  { id: 'E5', what: 'events are held back on the way', lacks: 'how much later an event arrives is a figure of the benchmark.' },
  { id: 'E6', what: 'streams leave something behind', lacks: 'some hundred streams in a suite; tens of thousands are run by hand, and were flat.' },
  { id: 'E7', what: 'bytes that should pass untouched do not' },
  { id: 'E8', what: 'a stream that no honest provider sends' },
  { id: 'E9', what: 'a stream that broke off looks complete' },
  { id: 'E10', what: 'a silent stream is cut by what stands between' },

  { id: 'F1', what: 'a provider cannot be reached' },
  { id: 'F2', what: 'a provider does not begin to answer' },
  { id: 'F3', what: 'a provider stops in the middle' },
  { id: 'F4', what: 'a stream breaks after its first content' },
  { id: 'F5', what: 'a provider refuses for a while, and says for how long' },
  { id: 'F6', what: 'every provider fails, and retries multiply the load' },
  { id: 'F7', what: 'the wrong failures are retried' },
  { id: 'F8', what: 'a provider that comes and goes' },
  { id: 'F9', what: 'an HTTP/2 connection that goes away under its requests', untested: 'providers are spoken to in HTTP/1.1 only (`allowH2: false` in upstream/pool.ts).' },
  { id: 'F10', what: 'a failure with status 200' },
  { id: 'F11', what: 'a page for people, or no JSON, where an answer should be' },
  { id: 'F12', what: 'an idle connection was closed by the other side' },

  { id: 'G1', what: 'requests at once pass a limit together' },
  { id: 'G2', what: 'an estimate was too low' },
  { id: 'G3', what: 'a huge maximum holds a budget that nothing will use' },
  { id: 'G4', what: 'some history of reservations leaves wrong sums' },
  { id: 'G5', what: 'a request is settled twice, or never' },
  { id: 'G6', what: 'the process dies at any moment', lacks: 'twenty deaths in each run, two hundred in test/slow.' },
  { id: 'G7', what: 'a window of a limit ends while requests are in flight' },
  { id: 'G8', what: 'a price changes while a request is in flight' },
  { id: 'G9', what: 'a provider reports no usage, or none that can be', lacks: 'estimated rows are marked; no alert counts them.' },
  { id: 'G10', what: 'amounts that no number holds' },

  { id: 'H1', what: 'the power fails', lacks: 'the order of syncs is shown, and sudden death of the process; no disk that loses its cache is simulated.' },
  { id: 'H2', what: 'another program holds the database’s lock' },
  { id: 'H3', what: 'the disk is full' },
  { id: 'H4', what: 'the database is damaged' },
  { id: 'H5', what: 'a database of an older or newer version' },
  { id: 'H6', what: 'the database grows without end', lacks: 'a million rows, and not ten.' },
  { id: 'H7', what: 'a checkpoint holds commits up', lacks: 'shown to end nothing beside a million rows; the slowest commit of an hour is a figure of the benchmark.' },

  { id: 'I1', what: 'the gateway is stopped' },
  { id: 'I2', what: 'the gateway is replaced by another version' },
  { id: 'I3', what: 'a running gateway gets a bad configuration' },
  { id: 'I4', what: 'a gateway starts with a bad configuration' },
  { id: 'I5', what: 'a configuration is read while it is written' },
  { id: 'I6', what: 'the clock jumps' },

  { id: 'J1', what: 'the box has ports open that nobody meant' },
  { id: 'J2', what: 'a container can do more than it needs' },
  { id: 'J3', what: 'a package is malicious or known to be broken', lacks: 'the lockfile and its registry are checked; advisories, signatures and the age of a release are not looked at.' },
  { id: 'J4', what: 'an image is not what was built', lacks: 'releases are named by a hash of what is in them; base images are named by tag, and there is no list of an image’s parts.' },
  { id: 'J5', what: 'the front shows or allows more than it should' },
  { id: 'J6', what: 'somebody else logs in' },
  { id: 'J7', what: 'a secret stands in user data, state or outputs' },
  { id: 'J8', what: 'the box is not updated', lacks: 'Debian’s security fixes only; base images change with a new version of the gateway, or with `images`.' },

  { id: 'K1', what: 'the disk is lost', lacks: 'more than seconds of it: what was settled since the last copy is gone, and said to be.' },
  { id: 'K2', what: 'backups fail unnoticed', lacks: 'an alert: the container is unhealthy, which `npm run status` shows and nobody is told unasked.' },
  { id: 'K3', what: 'the box is lost', lacks: 'a new server for the same volume; a lost volume is K1.' },

  { id: 'L1', what: 'one entry poisons a commit that it shares with others' },
  { id: 'L2', what: 'a small request or answer grows in translation', lacks: 'the growth is bounded, and large events are encoded in slices; how long the dearest made-up body holds the event loop is a figure of test/bench/stallFuzz.ts, whose target is 20 ms.' },
  { id: 'L3', what: 'what clients make up fills maps, rows, headers or the log' },
  { id: 'L4', what: 'one key takes what all need' },
  { id: 'L5', what: 'answers and events that nobody reads fill the memory' },
  { id: 'L6', what: 'estimates of streams are far from what providers report' },
  { id: 'L7', what: 'a stop that somebody’s half request, unread log or slow reader holds up' },
  { id: 'L8', what: 'a log that cannot be written, or that anybody can fill' },
  { id: 'L9', what: 'the ledger is deleted, replaced or cut while it is used' },
  { id: 'L10', what: 'digits of numbers are lost' },
  { id: 'L11', what: 'a client chooses who is billed, or learns a provider’s key' },
  { id: 'L12', what: 'a wrong clock makes the ledger forget' },
  { id: 'L13', what: 'a signal, or a configuration of rubbish, at a bad moment' },
  { id: 'L14', what: 'a container stays stopped' },
  { id: 'L15', what: 'failures attract requests' },
]; // prettier-ignore
