// The page: one button, one call, and what is said in it.

import { byId } from './dom.js';
import { Call } from './call.js';
import { Camera } from './camera.js';
import { asEvents, Composer } from './composer.js';
import { close, openMicrophone } from './devices.js';
import { Meter } from './meter.js';
import { Notice } from './notice.js';
import { Problem } from './problem.js';
import { Settings } from './settings.js';
import { Floor, stateWords, waitWords } from './state.js';
import { Transcript } from './transcript.js';

/** @typedef {import('./wire.js').ServerEvent} ServerEvent */
/** @typedef {import('./wire.js').Session} Session */
/** @typedef {import('./wire.js').QueueEvent} QueueEvent */
/** @typedef {import('./composer.js').Wish} Wish */
/** @typedef {import('./notice.js').Way} Way */

const page = {
  call: byId('call', HTMLButtonElement),
  label: byId('call-label', HTMLElement),
  state: byId('state', HTMLElement),
  mute: byId('mute', HTMLButtonElement),
  meter: byId('meter', HTMLElement),
  halo: byId('halo', HTMLElement),
  model: byId('model', HTMLElement),
  welcome: byId('welcome', HTMLElement),
  sound: byId('sound', HTMLAudioElement),
};

/** What belongs to one call and goes with it. */
class Line {
  /** @type {MediaStream | null} */
  microphone = null;
  /** @type {Call | null} */
  call = null;
  /** @type {Meter | null} */
  meter = null;
  /** @type {Session | null} */
  session = null;
  /** @type {QueueEvent | null} */
  queue = null;
  floor = new Floor();
  live = false;
  muted = false;
  shaky = false;

  end() {
    this.call?.hangUp();
    this.meter?.stop();
    close(this.microphone);
  }
}

/** @type {Line | null} */
let line = null;
let warm = true;
const notice = new Notice();
const composer = new Composer(say, complain);
const transcript = new Transcript(byId('turns', HTMLOListElement), byId('log', HTMLElement), {
  cancel: (id) => line?.call?.send({ type: 'omnilive.image.cancel', image_id: id }),
  edit: (picture) => { composer.edit(picture); },
});
const settings = new Settings(() => line?.live && tellSettings(line));
const camera = new Camera(
  (track) => { line?.call?.show(track).catch(complain); if (line) show(); },
  complain,
);

page.call.addEventListener('click', () => (line ? hangUp() : call(true)));
page.mute.addEventListener('click', mute);
window.addEventListener('pagehide', () => line?.end());
awaitWarmth();

/**
 * Calls the server.
 * @param {boolean} speaking false to go on by typing only
 */
async function call(speaking) {
  if (line) return;
  const mine = (line = new Line());
  notice.hide();
  transcript.clear();
  show();
  try {
    if (!('RTCPeerConnection' in window)) throw new Problem('unsupported');
    if (speaking) mine.microphone = await openMicrophone();
    if (line !== mine) return close(mine.microphone);
    await dial(mine);
  } catch (cause) {
    if (line !== mine) return; // hung up meanwhile: what fails then is no news
    drop();
    complain(cause);
  }
}

/** @param {Line} mine */
async function dial(mine) {
  mine.meter = new Meter();
  if (mine.microphone) mine.meter.watch(mine.microphone, showLevel);
  mine.call = new Call({
    event: (event) => apply(mine, event),
    sound: (stream) => play(mine, stream),
    shaky: (shaky) => { mine.shaky = shaky; show(); },
    over: (problem) => { if (line === mine) { drop(); complain(problem); } },
  }, { microphone: mine.microphone, key: settings.key, session: settings.opening() });
  if (camera.track) await mine.call.show(camera.track);
  await mine.call.dial();
  mine.live = true;
  show();
}

function hangUp() {
  notice.hide();
  drop();
}

/** Lets go of the call and of all it held. */
function drop() {
  const rest = line?.live ? 'over' : 'idle';
  line?.end();
  line = null;
  page.sound.srcObject = null;
  camera.saw('');
  transcript.close();
  show(rest);
}

/**
 * @param {Line} mine
 * @param {ServerEvent} event
 */
function apply(mine, event) {
  mine.floor.apply(event);
  transcript.apply(event);
  switch (event.type) {
    case 'omnilive.queue':
      mine.queue = event;
      break;
    case 'session.created':
      mine.queue = null;
      learn(mine, event.session);
      tellSettings(mine);
      break;
    case 'session.updated':
      learn(mine, event.session);
      break;
    case 'response.done':
      if (event.response.status === 'failed') complain(new Problem('failed', event.response.status_details?.error?.message));
      break;
    case 'omnilive.camera.seen':
      if (camera.track) camera.saw(event.text);
      break;
    case 'omnilive.input.silent':
      if (!event.silent) notice.hide('silent');
      else if (mine.microphone && !mine.muted) notice.show(new Problem('silent'), [{ label: 'Dismiss', press() {} }]);
      break;
    case 'error':
      // The answer (or the picture) may end while our cancel is under way: then there was nothing to cancel, and that is well.
      if (!event.error.code?.endsWith('_cancel_not_active')) complain(new Problem('failed', event.error.message));
  }
  if (line === mine) show();
}

/**
 * @param {Line} mine
 * @param {Session} session
 */
function learn(mine, session) {
  mine.session = session;
  settings.learn(session);
  page.model.textContent = session.model ?? '';
  page.model.hidden = !session.model;
}

/** @param {Line} mine */
function tellSettings(mine) {
  const update = settings.update(mine.session);
  if (update) mine.call?.send(update);
}

/**
 * Plays the model's sound. An element plays it, unmuted: a stream without one would stay silent in Web Audio too.
 * @param {Line} mine
 * @param {MediaStream} stream
 */
function play(mine, stream) {
  page.sound.srcObject = stream;
  mine.meter?.watch(stream, (level) => page.halo.style.setProperty('--level', level.toFixed(2)));
  const start = () => page.sound.play().catch((cause) => {
    if (cause instanceof DOMException && cause.name === 'NotAllowedError') notice.show(new Problem('sound'), [{ label: 'Play sound', press: start }]);
  });
  start();
}

/**
 * Says a typed message, with its picture, or asks for a drawing. An answer under way gives way to it, as it would to a voice;
 * a picture that is being painted does not.
 * @param {Wish} wish
 */
function say(wish) {
  if (!line?.live || !line.call) return false;
  if (line.floor.responding || line.floor.answering) line.call.send({ type: 'output_audio_buffer.clear' });
  if (wish.picture) transcript.send(wish.picture);
  for (const event of asEvents(wish)) line.call.send(event);
  return true;
}

function mute() {
  if (!line?.microphone) return;
  line.muted = !line.muted;
  for (const track of line.microphone.getAudioTracks()) track.enabled = !line.muted;
  notice.hide('silent');
  show();
}

/**
 * Says what went wrong.
 * @param {unknown} cause
 */
function complain(cause) {
  const problem = cause instanceof Problem ? cause : new Problem('failed', cause instanceof Error ? cause.message : String(cause));
  notice.show(problem, ways(problem));
}

/**
 * @param {Problem} problem
 * @returns {Way[]}
 */
function ways(problem) {
  const again = { label: 'Call again', press: () => { call(true); } };
  const type = { label: 'Type instead', press: () => { call(false); } };
  switch (problem.kind) {
    case 'insecure':
      return [type];
    case 'no-microphone':
    case 'microphone-denied':
    case 'microphone-taken':
      return [{ ...again, label: 'Try again' }, type];
    case 'key':
      return [{ label: 'Open settings', press: () => settings.open() }];
    case 'unsupported':
      return [];
    default:
      return line ? [{ label: 'Dismiss', press() {} }] : [again];
  }
}

/**
 * Brings the page in line with the call.
 * @param {'idle' | 'over'} [rest] what stands where there is no call
 */
function show(rest = 'idle') {
  const live = line?.live ?? false;
  page.welcome.hidden = line !== null || !transcript.empty;
  document.body.dataset.phase = live ? 'live' : line ? 'dialing' : 'idle';
  page.label.textContent = live ? 'Hang up' : line ? 'Cancel' : 'Call';
  const doing = now(rest);
  document.body.dataset.doing = doing;
  const words = waitWords(line?.queue ?? null) || stateWords[doing];
  if (page.state.textContent !== words) page.state.textContent = words;
  page.mute.disabled = !line?.microphone;
  page.mute.setAttribute('aria-pressed', String(line?.muted ?? false));
  composer.allow(live && doing !== 'waiting', line?.session?.omnilive?.model ?? {}, camera.track !== null);
}

/** @param {'idle' | 'over'} rest */
function now(rest) {
  if (!line) return warm ? rest : 'warming';
  if (!line.live) return 'connecting';
  if (line.shaky) return 'shaky';
  if (waitWords(line.queue)) return 'waiting';
  return line.floor.doing === 'listening' && line.muted ? 'muted' : line.floor.doing;
}

/** @param {number} level */
function showLevel(level) {
  page.meter.style.setProperty('--level', level.toFixed(2));
  page.meter.setAttribute('aria-valuenow', String(Math.round(level * 10) * 10));
}

/** Says so while the server is still loading its models. */
async function awaitWarmth() {
  for (;;) {
    const answer = await fetch('healthz', { cache: 'no-store' }).catch(() => null);
    const was = warm;
    warm = answer?.status !== 503;
    if (warm !== was && !line) show();
    if (warm) return;
    await new Promise((resolve) => setTimeout(resolve, 1500));
  }
}
