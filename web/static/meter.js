// How loud it is, for the eye.

/** Range of the scale, in decibels below full scale. */
const floor = -60;
const ceiling = -12;

/** A Meter watches streams and reports the loudness of each, 0 to 1, once a picture frame. */
export class Meter {
  #context = new AudioContext();
  /** @type {{analyser: AnalyserNode, source: MediaStreamAudioSourceNode, window: Float32Array<ArrayBuffer>, report: (level: number) => void}[]} */
  #watched = [];
  #frame = 0;

  constructor() {
    this.#context.resume().catch(() => {});
    this.#frame = requestAnimationFrame(() => this.#look());
  }

  /**
   * Watches one more stream.
   * @param {MediaStream} stream
   * @param {(level: number) => void} report
   */
  watch(stream, report) {
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = 1024;
    const source = this.#context.createMediaStreamSource(stream);
    source.connect(analyser);
    this.#watched.push({ analyser, source, window: new Float32Array(analyser.fftSize), report });
  }

  /** Stops; every level falls to zero. */
  stop() {
    cancelAnimationFrame(this.#frame);
    for (const { source, report } of this.#watched) {
      source.disconnect();
      report(0);
    }
    this.#watched = [];
    this.#context.close().catch(() => {});
  }

  #look() {
    for (const { analyser, window, report } of this.#watched) {
      analyser.getFloatTimeDomainData(window);
      report(loudness(window));
    }
    this.#frame = requestAnimationFrame(() => this.#look());
  }
}

/**
 * Loudness on a scale of decibels: 0 is silence, 1 a loud voice.
 * @param {Float32Array} samples
 */
export function loudness(samples) {
  let sum = 0;
  for (const x of samples) sum += x * x;
  const decibels = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.min(1, Math.max(0, (decibels - floor) / (ceiling - floor)));
}
