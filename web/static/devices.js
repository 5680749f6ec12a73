// The caller's microphone and camera.

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
 * @returns {Promise<MediaStream>}
 */
export function openCamera() {
  return open({ video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 15 } } }, 'camera');
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
