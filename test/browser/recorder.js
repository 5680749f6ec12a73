// An audio worklet that records two inputs on one sample clock: 0 the microphone, 1 the far end.

class Recorder extends AudioWorkletProcessor {
  #block = new Int16Array(2 * 4800);
  #filled = 0;

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const near = inputs[0][0];
    const far = inputs[1][0];
    for (let i = 0; i < 128; i++) {
      this.#block[this.#filled++] = sample(near, i);
      this.#block[this.#filled++] = sample(far, i);
      if (this.#filled === this.#block.length) this.#flush();
    }
    return true;
  }

  #flush() {
    this.port.postMessage(this.#block.buffer, [this.#block.buffer]);
    this.#block = new Int16Array(2 * 4800);
    this.#filled = 0;
  }
}

/**
 * @param {Float32Array | undefined} channel
 * @param {number} i
 */
function sample(channel, i) {
  return Math.max(-32768, Math.min(32767, Math.round((channel?.[i] ?? 0) * 32767)));
}

registerProcessor('recorder', Recorder);
