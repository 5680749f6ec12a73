// Draws the waits of a latency report as an SVG.

const colours = { endpoint_ms: '#7a8790', recognize_ms: '#2f7fb8', prefill_ms: '#8a63b8', first_sound_ms: '#c2571f', pacer_ms: '#4b8b3b' };
const left = 90;
const width = 640;
const step = 46;

/**
 * One row a question: the measured wait above, the server's split below.
 * @param {Record<string, any>[]} rows
 */
export function plot(rows) {
  const most = Math.max(500, ...rows.map((row) => row.voice_to_voice_ms), ...rows.map(sum));
  /** @param {number} ms */
  const x = (ms) => (ms / most) * width;
  const bars = rows.map((row, i) => {
    const y = 40 + i * step;
    let at = left;
    const pieces = Object.entries(colours).map(([part, colour]) => {
      const piece = `<rect x="${at.toFixed(1)}" y="${y + 17}" width="${x(row[part]).toFixed(1)}" height="9" fill="${colour}"/>`;
      at += x(row[part]);
      return piece;
    });
    return `<text x="${left - 8}" y="${y + 14}" text-anchor="end">${row.question}</text>
<rect x="${left}" y="${y}" width="${x(row.voice_to_voice_ms).toFixed(1)}" height="15" fill="#0f6b66"/>
<text x="${(left + x(row.voice_to_voice_ms) + 6).toFixed(1)}" y="${y + 12}">${row.voice_to_voice_ms.toFixed(0)} ms</text>
${pieces.join('')}`;
  });
  const key = Object.entries(colours).map(([part, colour], i) => `<rect x="${left + i * 130}" y="12" width="10" height="10" fill="${colour}"/><text x="${left + 15 + i * 130}" y="21">${part.replace('_ms', '').replace('_', ' ')}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 80} ${50 + rows.length * step}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
${key.join('')}
${bars.join('\n')}
</svg>
`;
}

/** @param {Record<string, any>} row */
function sum(row) {
  return Object.keys(colours).reduce((total, part) => total + row[part], 0);
}
