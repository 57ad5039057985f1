// Does nothing, to measure what everything else costs.
export default function noop() {}
