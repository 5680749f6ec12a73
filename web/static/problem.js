// What can go wrong, in the caller's words, with the way out.

/**
 * @typedef {'insecure' | 'unsupported' | 'no-microphone' | 'microphone-denied' | 'microphone-taken' | 'no-camera' |
 *   'camera-denied' | 'camera-taken' | 'no-screen' | 'picture' | 'recording' | 'key' | 'busy' | 'warming' | 'refused' | 'unreachable' | 'no-path' | 'lost' |
 *   'ended' | 'sound' | 'silent' | 'failed'} Kind
 */

/** A Problem is a failure that the page can explain. */
export class Problem extends Error {
  /**
   * @param {Kind} kind
   * @param {string} [detail] what the server or the browser said
   * @param {number} [wait] seconds after which trying again makes sense
   */
  constructor(kind, detail = '', wait = 0) {
    super(detail || kind);
    this.kind = kind;
    this.detail = detail;
    this.wait = wait;
  }
}

/** @typedef {{title: string, text: string}} Words */

/** @type {Record<Kind, Words>} */
const words = {
  insecure: { title: 'The microphone needs a secure page', text: 'Browsers open the microphone only over HTTPS or on localhost. Start the server with TLS, or open this page on the machine it runs on.' },
  unsupported: { title: 'This browser cannot make calls', text: 'It lacks WebRTC. A current Chrome, Edge, Firefox or Safari has it.' },
  'no-microphone': { title: 'No microphone found', text: 'Plug one in and try again, or go on by typing.' },
  'microphone-denied': { title: 'The microphone is not allowed', text: 'Allow it for this page, by the icon beside the address, and try again. You can also go on by typing.' },
  'microphone-taken': { title: 'The microphone cannot be opened', text: 'Another program may be using it. Close that and try again, or go on by typing.' },
  'no-camera': { title: 'No camera found', text: 'Plug one in and turn the camera on again. The call goes on without it.' },
  'camera-denied': { title: 'The camera is not allowed', text: 'Allow it for this page, by the icon beside the address, and turn it on again. The call goes on without it.' },
  'camera-taken': { title: 'The camera cannot be opened', text: 'Another program may be using it. The call goes on without it.' },
  'no-screen': { title: 'The screen cannot be shared', text: 'The browser or the system does not allow it. The call goes on without it.' },
  picture: { title: 'The picture cannot be used', text: 'A JPEG, PNG or WebP file is what browsers read.' },
  recording: { title: 'The recording cannot be used', text: 'A WAV, MP3 or M4A file with some seconds of one voice is what is wanted.' },
  key: { title: 'This server asks for an access key', text: 'Enter it in the settings and call again.' },
  busy: { title: 'The server is busy', text: 'All its lines are taken.' },
  warming: { title: 'The model is still warming up', text: 'It takes some seconds after the server has started.' },
  refused: { title: 'The server did not take the call', text: '' },
  unreachable: { title: 'The server cannot be reached', text: 'Check that it is running and that you are connected.' },
  'no-path': { title: 'The call was answered but no sound gets through', text: 'A firewall may block it: the server needs its UDP or TCP port to be open.' },
  lost: { title: 'The connection was lost', text: 'What was said stays below.' },
  ended: { title: 'The server ended the call', text: 'What was said stays below.' },
  sound: { title: 'Your browser holds the sound back', text: 'It wants a press of a button first.' },
  silent: { title: 'Your microphone sends only silence', text: 'Check that the right one is chosen and that it is not muted.' },
  failed: { title: 'Something went wrong', text: '' },
};

/**
 * Puts a problem into words.
 * @param {Problem} problem
 * @returns {Words}
 */
export function describe(problem) {
  const { title, text } = words[problem.kind];
  const detail = problem.kind === 'refused' || problem.kind === 'failed' ? problem.detail : '';
  return { title, text: [text, detail].filter(Boolean).join(' ') };
}
