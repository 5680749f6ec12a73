// What the page makes of events: the transcript, the state and the split of a wait, without any call.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open } from '../harness.mjs';

const user = { id: 'u', type: 'message', role: 'user', content: [{ type: 'input_audio', transcript: null }] };
const model = { id: 'm', type: 'message', role: 'assistant', status: 'in_progress', content: [] };
const asked = [
  { type: 'input_audio_buffer.speech_started', item_id: 'u' },
  { type: 'conversation.item.added', item: user },
  { type: 'conversation.item.input_audio_transcription.delta', item_id: 'u', delta: 'Tell me ' },
  { type: 'conversation.item.input_audio_transcription.completed', item_id: 'u', transcript: 'Tell me a story.' },
];
const answered = [
  { type: 'response.created', response: { id: 'r' } },
  { type: 'response.output_item.added', response_id: 'r', item: model },
  { type: 'conversation.item.added', item: model, previous_item_id: 'u' },
  { type: 'response.output_audio_transcript.delta', response_id: 'r', item_id: 'm', delta: 'Once upon ' },
  { type: 'response.output_audio_transcript.delta', response_id: 'r', item_id: 'm', delta: 'a time.' },
];
const latency = { type: 'omnilive.turn.latency', response_id: 'r', endpoint_ms: 300, recognize_ms: 100, prefill_ms: 100, first_sound_ms: 200, pacer_ms: 20, total_ms: 520, speculated: true };

const called = { id: 'f', type: 'function_call', name: 'look_up', call_id: 'c', arguments: '', status: 'in_progress' };

const transcripts = [
  { name: 'words as they are said', events: [...asked, ...answered], want: ['user: Tell me a story.', 'assistant open: Once upon a time.'] },
  { name: 'words that are whole', events: [...answered, { type: 'conversation.item.done', item: { ...model, status: 'completed', content: [{ type: 'output_audio', transcript: 'Once upon a time.' }] } }], want: ['assistant: Once upon a time.'] },
  { name: 'words still coming', events: asked.slice(0, 3), want: ['user open: Tell me '] },
  { name: 'nothing understood leaves nothing', events: [...asked.slice(0, 2), { type: 'conversation.item.input_audio_transcription.completed', item_id: 'u', transcript: ' ' }], want: [] },
  {
    name: 'the unheard rest is cut when it is known after the fact',
    events: [...asked, ...answered, { type: 'conversation.item.truncated', item_id: 'm' }, { type: 'omnilive.item.heard', item_id: 'm', transcript: 'Once upon' }],
    want: ['user: Tell me a story.', 'assistant interrupted: Once upon[ a time.]interrupted'],
  },
  {
    name: 'the cut stands when the whole text comes later',
    events: [...asked, ...answered.slice(0, 4), { type: 'conversation.item.truncated', item_id: 'm' },
      { type: 'conversation.item.done', item: { ...model, status: 'incomplete', content: [{ type: 'output_audio', transcript: 'Once upon a time.' }] } }],
    want: ['user: Tell me a story.', 'assistant interrupted: Once upon [a time.]interrupted'],
  },
  { name: 'an interruption where all was heard', events: [...answered, { type: 'conversation.item.truncated', item_id: 'm' }], want: ['assistant interrupted: Once upon a time.interrupted'] },
  {
    name: 'an answer stands after what it answers',
    events: [...asked, { type: 'input_audio_buffer.speech_started', item_id: 'u2' }, { type: 'conversation.item.added', item: model, previous_item_id: 'u' }],
    want: ['user: Tell me a story.', 'assistant open: ', 'user open: '],
  },
  { name: 'a typed message', events: [{ type: 'conversation.item.added', item: { ...user, content: [{ type: 'input_text', text: 'Hello <b>' }] } }], want: ['user: Hello <b>'] },
  {
    name: 'a language without a voice, said before its item',
    events: [answered[0], { type: 'omnilive.speech.unavailable', response_id: 'r', language: 'de' }, answered[1], { type: 'response.output_text.delta', response_id: 'r', item_id: 'm', delta: 'Guten Tag' }],
    want: ['assistant: Guten Tag(There is no voice for this language (German): it is text only.)'],
  },
  {
    name: 'a function on its way',
    events: [{ type: 'response.output_item.added', response_id: 'r', item: called }, { type: 'response.function_call_arguments.delta', item_id: 'f', call_id: 'c', delta: '{"word":' }],
    want: ['assistant function open: Calls look_up {"word":'],
  },
  {
    name: 'a function and what came of it, each told once',
    events: [{ type: 'response.output_item.added', response_id: 'r', item: called }, { type: 'conversation.item.added', item: called },
      { type: 'response.function_call_arguments.done', item_id: 'f', call_id: 'c', arguments: '{"word":"tea"}' },
      { type: 'response.output_item.done', response_id: 'r', item: { ...called, arguments: '{"word":"tea"}', status: 'completed' } },
      { type: 'conversation.item.added', item: { id: 'o', type: 'function_call_output', call_id: 'c', output: 'a drink' } }],
    want: ['assistant function: Calls look_up {\n  "word": "tea"\n} a drink'],
  },
  {
    name: 'a picture that failed',
    events: [{ type: 'omnilive.image.started', image_id: 'i', width: 4, height: 3 }, { type: 'omnilive.image.failed', image_id: 'i', reason: 'cancelled' }],
    want: ['assistant picture: undefined(Cancelled)'],
  },
];

const waits = [
  { queue: null, want: '' },
  { queue: { position: 0, estimated_wait_ms: 0 }, want: '' },
  { queue: { position: 2, estimated_wait_ms: 7400 }, want: 'Waiting: place 2, about 7 s' },
  { queue: { position: 3, estimated_wait_ms: 33000 }, want: 'Waiting: place 3, about 35 s' },
  { queue: { position: 1, estimated_wait_ms: 0 }, want: 'Waiting: place 1' },
];

const states = [
  { events: [], want: 'listening' },
  { events: [{ type: 'input_audio_buffer.speech_started' }], want: 'hearing' },
  { events: [{ type: 'input_audio_buffer.speech_started' }, { type: 'input_audio_buffer.speech_stopped' }], want: 'thinking' },
  { events: [{ type: 'input_audio_buffer.speech_stopped' }, { type: 'conversation.item.input_audio_transcription.completed', transcript: '' }], want: 'listening' },
  { events: [{ type: 'response.created' }], want: 'thinking' },
  { events: [{ type: 'response.created' }, { type: 'output_audio_buffer.started' }, { type: 'response.done' }], want: 'speaking' },
  { events: [{ type: 'response.created' }, { type: 'output_audio_buffer.started' }, { type: 'response.done' }, { type: 'output_audio_buffer.stopped' }], want: 'listening' },
  { events: [{ type: 'output_audio_buffer.started' }, { type: 'input_audio_buffer.speech_started' }], want: 'hearing' },
  { events: [{ type: 'output_audio_buffer.started' }, { type: 'input_audio_buffer.speech_started' }, { type: 'output_audio_buffer.cleared' }, { type: 'input_audio_buffer.speech_stopped' }], want: 'thinking' },
];

test('events become words', async (t) => {
  const caller = await open(t);
  for (const { name, events, want } of transcripts) {
    await t.test(name, async () => assert.deepEqual(await lines(caller, events), want));
  }
  for (const { events, want } of states) {
    await t.test(`${events.map(({ type }) => type.split('.').at(-1)).join(', ') || 'nothing'}: ${want}`, async () => {
      const doing = await caller.page.evaluate(async (all) => {
        const { Floor } = await load('./state.js');
        const floor = new Floor();
        for (const event of all) floor.apply(event);
        return floor.doing;
        /** @param {string} module @returns {Promise<any>} */
        function load(module) { return import(new URL(module, location.href).href); }
      }, events);
      assert.equal(doing, want);
    });
  }
  for (const { queue, want } of waits) {
    await t.test(`place ${queue?.position}: ${want || 'no wait'}`, async () => {
      const words = await caller.page.evaluate(async (each) => (await /** @type {Promise<any>} */ (import(new URL('./state.js', location.href).href))).waitWords(each), queue);
      assert.equal(words, want);
    });
  }
  await t.test('the parts of a wait fill it and no more', async () => {
    const shares = await caller.page.evaluate(async (event) => {
      const { split } = await /** @type {Promise<any>} */ (import(new URL('./latency.js', location.href).href));
      return split(event).map((/** @type {any} */ part) => part.share);
    }, latency);
    const sum = shares.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0);
    assert.ok(Math.abs(sum - 1) < 1e-6, `the shares make ${sum}`);
    assert.ok(Math.abs(shares[0] - 300 / 520) < 1e-6);
  });
});

/**
 * The lines of a fresh transcript after these events; what is cut stands in brackets, notes in parentheses.
 * @param {import('../harness.mjs').Caller} caller
 * @param {object[]} events
 * @returns {Promise<string[]>}
 */
function lines(caller, events) {
  return caller.page.evaluate(async (all) => {
    const { Transcript } = await /** @type {Promise<any>} */ (import(new URL('./transcript.js', location.href).href));
    const list = document.createElement('ol');
    const transcript = new Transcript(list, document.createElement('div'));
    for (const event of all) transcript.apply(event);
    for (const cut of list.querySelectorAll('del')) cut.textContent = `[${cut.textContent}]`;
    return [...list.children].map((line) => {
      const notes = [...line.querySelectorAll('.note')].map((note) => `(${note.textContent})`).join('');
      const call = [...line.querySelectorAll('summary, pre')].map((each) => each.textContent).filter(Boolean).join(' ');
      if (line.classList.contains('function')) return `${line.className.replace('turn ', '')}: ${call}`;
      return `${line.className.replace('turn ', '')}: ${line.querySelector('.words')?.textContent}${notes}`;
    });
  }, events);
}
