// @ts-nocheck: the far end has no types of its own
// A far end for work on the page alone: speaks enough of the protocol, hears loudness instead of words, answers with a tone.
// Not a test of anything; the cases run against the real server.
//
//   node mock.mjs [PORT]

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import wrtc from '@roamhq/wrtc';

const { RTCPeerConnection, MediaStream, nonstandard } = wrtc;
const files = fileURLToPath(new URL('../../web/static', import.meta.url));
const kinds = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const policy = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob: mediastream:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
const answer = 'The capital of France is Paris. It lies on the river Seine, and people have lived there for more than two thousand years.';
const rate = 48000;
const calls = new Map();

/** Talks as the server would: by loudness. */
class FarEnd {
  peer = new RTCPeerConnection();
  source = new nonstandard.RTCAudioSource();
  id = id('rtc');
  loud = 0;
  quiet = 0;
  item = '';
  /** @type {{response: string, item: string, words: string[], said: string, started: boolean, n: number} | null} */
  reply = null;

  async answer(offer) {
    const track = this.source.createTrack();
    this.peer.addTrack(track, new MediaStream([track]));
    this.peer.ondatachannel = ({ channel }) => {
      this.channel = channel;
      channel.onopen = () => this.created();
      channel.onmessage = ({ data }) => this.asked(JSON.parse(data));
    };
    this.peer.ontrack = ({ track: heard }) => {
      if (heard.kind !== 'audio') return;
      this.sink = new nonstandard.RTCAudioSink(heard);
      this.sink.ondata = ({ samples }) => this.hear(samples);
    };
    await this.peer.setRemoteDescription({ type: 'offer', sdp: offer });
    await this.peer.setLocalDescription(await this.peer.createAnswer());
    while (this.peer.iceGatheringState !== 'complete') await new Promise((r) => setTimeout(r, 20));
    this.timer = setInterval(() => this.tick(), 10);
    return this.peer.localDescription.sdp;
  }

  close() {
    clearInterval(this.timer);
    this.sink?.stop();
    this.peer.close();
    calls.delete(this.id);
  }

  tell(type, fields = {}) {
    if (this.channel?.readyState === 'open') this.channel.send(JSON.stringify({ event_id: id('event'), type, ...fields }));
  }

  created() {
    const session = { id: id('sess'), type: 'realtime', model: 'mock', instructions: 'You are a tone.', audio: { output: { voice: 'hum' } }, omnilive: { voices: ['hum', 'whistle'], model: { sees: true, draws: true, clones: true } } };
    this.tell('session.created', { session });
  }

  asked(event) {
    if (event.type === 'session.update') this.tell('session.updated', { session: { model: 'mock', ...event.session, omnilive: { model: { sees: true, draws: true, clones: true } } } });
    if (event.type === 'conversation.item.create') {
      const item = { ...event.item, id: id('item'), status: 'completed' };
      this.tell('conversation.item.added', { item });
      this.tell('conversation.item.done', { item });
    }
    if (event.type === 'response.create') this.begin(0);
    if (event.type === 'response.cancel' || event.type === 'output_audio_buffer.clear') this.cut();
  }

  hear(samples) {
    let peak = 0;
    for (const x of samples) peak = Math.max(peak, Math.abs(x));
    this.loud = peak > 1500 ? this.loud + 1 : 0;
    this.quiet = peak > 1500 ? 0 : this.quiet + 1;
    if (!this.item && this.loud > 5) {
      this.item = id('item');
      this.tell('input_audio_buffer.speech_started', { item_id: this.item, audio_start_ms: 0 });
      this.cut();
    }
    if (this.item && this.quiet > 50) this.turn();
  }

  turn() {
    const item = { id: this.item, type: 'message', role: 'user', status: 'completed', content: [{ type: 'input_audio', transcript: null }] };
    this.item = '';
    this.tell('input_audio_buffer.speech_stopped', { item_id: item.id, audio_end_ms: 0 });
    this.tell('conversation.item.added', { item });
    this.tell('conversation.item.done', { item });
    this.tell('conversation.item.input_audio_transcription.completed', { item_id: item.id, content_index: 0, transcript: 'What is the capital of France?' });
    this.begin(500);
  }

  begin(endpoint) {
    const reply = { response: id('resp'), item: id('item'), words: answer.split(/(?<= )/), said: '', started: false, n: -30 };
    const item = { id: reply.item, type: 'message', role: 'assistant', status: 'in_progress', content: [] };
    this.reply = reply;
    this.tell('response.created', { response: { id: reply.response, status: 'in_progress' } });
    this.tell('response.output_item.added', { response_id: reply.response, item });
    this.tell('conversation.item.added', { item });
    this.tell('omnilive.camera.seen', { text: 'a sign that says CAFE NOIR' });
    this.tell('omnilive.turn.latency', { response_id: reply.response, endpoint_ms: endpoint, recognize_ms: 60, prefill_ms: 90, first_sound_ms: 110, pacer_ms: 20, total_ms: endpoint + 130, speculated: true });
  }

  /** Sends 10 ms. */
  tick() {
    const samples = new Int16Array(rate / 100);
    const { reply } = this;
    if (reply && ++reply.n > 0) this.sound(reply, samples);
    this.source.onData({ samples, sampleRate: rate, bitsPerSample: 16, channelCount: 1, numberOfFrames: samples.length });
  }

  sound(reply, samples) {
    for (let i = 0; i < samples.length; i++) samples[i] = 6000 * Math.sin(2 * Math.PI * 220 * (reply.n * samples.length + i) / rate);
    if (!reply.started) this.tell('output_audio_buffer.started', { response_id: reply.response });
    reply.started = true;
    if (reply.n % 30 !== 1) return;
    const delta = reply.words.shift();
    if (delta === undefined) return this.finish('completed');
    reply.said += delta;
    this.tell('response.output_audio_transcript.delta', { response_id: reply.response, item_id: reply.item, delta });
  }

  finish(status) {
    const { response, item, said } = this.reply;
    const whole = { id: item, type: 'message', role: 'assistant', status, content: [{ type: 'output_audio', transcript: status === 'completed' ? said : answer }] };
    this.reply = null;
    this.tell('response.output_item.done', { response_id: response, item: whole });
    this.tell('conversation.item.done', { item: whole });
    this.tell('response.done', { response: { id: response, status: status === 'completed' ? status : 'cancelled' } });
    this.tell(status === 'completed' ? 'output_audio_buffer.stopped' : 'output_audio_buffer.cleared', { response_id: response });
    if (status !== 'completed') {
      this.tell('conversation.item.truncated', { item_id: item, content_index: 0, audio_end_ms: 0 });
      this.tell('omnilive.item.heard', { item_id: item, audio_end_ms: 0, transcript: said });
    }
  }

  cut() {
    if (this.reply) this.finish('incomplete');
  }
}

function id(kind) {
  return `${kind}_${randomUUID().slice(0, 8)}`;
}

async function body(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

async function serve(request, response) {
  const { pathname } = new URL(request.url, 'http://mock');
  const hang = /^\/v1\/realtime\/calls\/(.+)\/hangup$/.exec(pathname);
  if (pathname === '/healthz') return response.end('ok');
  if (pathname === '/metrics') return response.end(`omnilive_active_calls ${calls.size}\n`);
  if (hang) {
    calls.get(hang[1])?.close();
    return response.end();
  }
  if (pathname === '/v1/realtime/calls') {
    const far = new FarEnd();
    const sdp = await far.answer(await body(request));
    calls.set(far.id, far);
    return response.writeHead(201, { 'Content-Type': 'application/sdp', Location: `/v1/realtime/calls/${far.id}` }).end(sdp);
  }
  const file = path.join(files, pathname === '/' ? 'index.html' : path.basename(pathname));
  const content = await readFile(file);
  response.writeHead(200, { 'Content-Type': kinds[path.extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': policy });
  return response.end(content);
}

const server = createServer((request, response) => {
  serve(request, response).catch((error) => response.writeHead(404).end(String(error)));
});
server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1');
