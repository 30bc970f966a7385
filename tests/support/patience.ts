/**
 * How long a test waits, in milliseconds, for what takes a moment on an idle machine: a server that starts, a pod that
 * is ready, an alert that fires. Under load the same takes many times as long. The limit only decides when to give up.
 */
export const PATIENCE = 180_000;
