// What the bundle takes of undici: its pool of connections, without fetch, WebSocket and caches (0.4 MB, 3 MB of memory).
export { default as Pool } from 'undici/lib/dispatcher/pool.js';
export { default as buildConnector } from 'undici/lib/core/connect.js';
export { default as errors } from 'undici/lib/core/errors.js';
