// How loud it is, for the eye.

/** Range of the scale, in decibels below full scale. */
const floor = -60;
const ceiling = -12;

/** How often to look, in milliseconds: drawing at the screen's own rate would cost a server on the same machine its answers. */
const interval = 40;

/** A Meter watches streams and reports the loudness of each, 0 to 1, where it has changed. */
export class Meter {
  #context = new AudioContext();
  /** @type {{analyser: AnalyserNode, source: MediaStreamAudioSourceNode, window: Float32Array<ArrayBuffer>, report: (level: number) => void, last: number}[]} */
  #watched = [];
  #frame = 0;
  #looked = 0;

  constructor() {
    this.#context.resume().catch(() => {});
    this.#frame = requestAnimationFrame((now) => this.#look(now));
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
    this.#watched.push({ analyser, source, window: new Float32Array(analyser.fftSize), report, last: 0 });
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

  /** @param {number} now */
  #look(now) {
    this.#frame = requestAnimationFrame((next) => this.#look(next));
    if (now - this.#looked < interval) return;
    this.#looked = now;
    for (const each of this.#watched) {
      each.analyser.getFloatTimeDomainData(each.window);
      const level = Math.round(loudness(each.window) * 50) / 50;
      if (level !== each.last) each.report(level);
      each.last = level;
    }
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
