// The caller's microphone, cameras and screen.

import { Problem } from './problem.js';

/**
 * Opens the microphone.
 * @returns {Promise<MediaStream>}
 */
export function openMicrophone() {
  return open({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 } }, 'microphone');
}

/**
 * Opens the camera. The model looks once or twice a second: small and slow is enough.
 * @param {string} [id] of the device; the browser's choice without it
 * @returns {Promise<MediaStream>}
 */
export function openCamera(id) {
  const wanted = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 15 } };
  return open({ video: id ? { ...wanted, deviceId: { exact: id } } : wanted }, 'camera');
}

/**
 * Opens the camera after this one and closes this one, which comes first: many phones open one at a time. Where the other one
 * cannot be opened it is this one again.
 * @param {MediaStream} stream
 * @returns {Promise<MediaStream>}
 */
export async function nextCamera(stream) {
  const all = await cameras();
  const now = stream.getVideoTracks()[0]?.getSettings().deviceId ?? '';
  const at = all.findIndex(({ deviceId }) => deviceId === now);
  const next = all[(at + 1) % all.length];
  if (!next || next.deviceId === now) return stream;
  close(stream);
  return openCamera(next.deviceId).catch(() => openCamera(now));
}

/** Whether there is more than one camera. */
export async function severalCameras() {
  return (await cameras()).length > 1;
}

async function cameras() {
  const all = await navigator.mediaDevices?.enumerateDevices().catch(() => []);
  return (all ?? []).filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId);
}

/**
 * Shares the screen, a window or a tab; null where the user chose none of them.
 * @returns {Promise<MediaStream | null>}
 */
export async function openScreen() {
  if (!window.isSecureContext) throw new Problem('insecure');
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: { width: { max: 1920 }, height: { max: 1200 }, frameRate: { max: 10 } }, audio: false });
    for (const track of stream.getVideoTracks()) track.contentHint = 'detail'; // small letters matter, movement does not
    return stream;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'NotAllowedError') return null; // the dialog was closed, which says it all
    throw new Problem('no-screen', cause instanceof Error ? cause.message : String(cause));
  }
}

/**
 * Stops all tracks of a stream, which puts the device's light out.
 * @param {MediaStream | null} stream
 */
export function close(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/**
 * @param {MediaStreamConstraints} wanted
 * @param {'microphone' | 'camera'} device
 */
async function open(wanted, device) {
  if (!window.isSecureContext) throw new Problem('insecure');
  if (!navigator.mediaDevices?.getUserMedia) throw new Problem('unsupported');
  try {
    return await navigator.mediaDevices.getUserMedia(wanted);
  } catch (cause) {
    throw explain(cause, device);
  }
}

/**
 * @param {unknown} cause
 * @param {'microphone' | 'camera'} device
 */
function explain(cause, device) {
  const detail = cause instanceof Error ? cause.message : String(cause);
  switch (cause instanceof DOMException ? cause.name : '') {
    case 'NotFoundError':
    case 'OverconstrainedError':
      return new Problem(`no-${device}`, detail);
    case 'NotAllowedError':
    case 'SecurityError':
      return new Problem(`${device}-denied`, detail);
    default:
      return new Problem(`${device}-taken`, detail);
  }
}
