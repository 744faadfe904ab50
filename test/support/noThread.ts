// Stands for a thread's bundled program where the gateway runs from its sources (see gateway/bundle.mjs).

export default '';
