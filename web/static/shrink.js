// Pictures as a data channel takes them: a browser sends at most 256 KiB at once.

/** Letters of a data URI that leave room for the message around it. */
export const most = 200_000;

/** Longer sides to try, and the quality of the JPEG at each. */
const tries = [[1280, 0.85], [1024, 0.8], [768, 0.75], [512, 0.7], [384, 0.6]];

/**
 * Makes a picture small enough and returns it as a data URI; a JPEG or PNG that is small enough already stays as it is.
 * @param {Blob} picture
 * @returns {Promise<string>}
 */
export async function shrink(picture) {
  const bitmap = await createImageBitmap(picture); // rejects what is no picture
  try {
    const plain = /^image\/(jpeg|png)$/.test(picture.type) && Math.max(bitmap.width, bitmap.height) <= 4096;
    if (plain && picture.size < most * 0.74) return await dataURI(picture);
    for (const [side, quality] of tries) {
      const small = await dataURI(await drawn(bitmap, side, quality));
      if (small.length <= most) return small;
    }
    throw new Error('no size is small enough');
  } finally {
    bitmap.close();
  }
}

/**
 * @param {ImageBitmap} bitmap
 * @param {number} side
 * @param {number} quality
 */
function drawn(bitmap, side, quality) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser does not draw');
  Object.assign(context, { fillStyle: '#fff' }).fillRect(0, 0, canvas.width, canvas.height); // where it is transparent
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: 'image/jpeg', quality });
}

/**
 * A file as a data URI.
 * @param {Blob} blob
 * @returns {Promise<string>}
 */
export function dataURI(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
