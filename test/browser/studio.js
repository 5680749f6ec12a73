// Runs in the page before its own scripts: a microphone that says what the test wants when it wants it, a recorder of both
// sides, and a log of the events. The page itself knows nothing of it.

(() => {
  const devices = navigator.mediaDevices;
  const studio = (window.studio = { events: [], sent: [], blocks: [], options: {}, ready: null, say, dump, tell() {}, hear() {}, keep: [], farHeardAt: -Infinity });
  let context, recorder, desk;

  function open() {
    return (studio.ready ??= (async () => {
      context = new AudioContext({ sampleRate: 48000 });
      await context.resume();
      await context.audioWorklet.addModule(URL.createObjectURL(new Blob([studio.options.recorder], { type: 'text/javascript' })));
      recorder = new AudioWorkletNode(context, 'recorder', { numberOfInputs: 2, numberOfOutputs: 1 });
      recorder.port.onmessage = ({ data }) => {
        studio.blocks.push(data);
        if (new Int16Array(data).some((x, i) => i % 2 && Math.abs(x) > 1500)) studio.farHeardAt = performance.now();
      };
      recorder.connect(context.destination);
      desk = context.createMediaStreamDestination();
      const room = context.createBuffer(1, 48000, 48000);
      const noise = room.getChannelData(0);
      for (let i = 0; i < noise.length; i++) noise[i] = (Math.random() - 0.5) * 0.0006;
      const quiet = context.createBufferSource();
      Object.assign(quiet, { buffer: room, loop: true });
      quiet.connect(desk);
      quiet.start();
    })());
  }

  /** Says a WAV file into the microphone; resolves when its last sample has been said. */
  async function say(name) {
    await open();
    const file = await (await fetch(`/test/speech/${name}.wav`)).arrayBuffer();
    const source = context.createBufferSource();
    source.buffer = await context.decodeAudioData(file);
    source.connect(desk);
    await new Promise((done) => { source.onended = done; source.start(); });
  }

  /** Everything recorded so far, as base64 of interleaved 16-bit samples. */
  async function dump() {
    const url = await new Promise((done) => {
      const reader = new FileReader();
      reader.onload = () => done(reader.result);
      reader.readAsDataURL(new Blob(studio.blocks));
    });
    return url.slice(url.indexOf(',') + 1);
  }

  if (devices) {
    const real = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => {
      if (!wanted.audio) return real(wanted);
      await real({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } }).then((stream) => {
        studio.taken = stream;
      });
      await open();
      let stream = studio.taken;
      if (!studio.options.file) {
        stream.getTracks().forEach((track) => track.stop());
        stream = new MediaStream([desk.stream.getAudioTracks()[0].clone()]);
      }
      context.createMediaStreamSource(stream.clone()).connect(recorder, 0, 0);
      return stream;
    };
  }

  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(...given) {
      super(...given);
      studio.peer = this;
      this.addEventListener('track', async ({ track }) => {
        if (track.kind !== 'audio') return;
        await open();
        context.createMediaStreamSource(new MediaStream([track])).connect(recorder, 0, 1);
      });
    }

    createDataChannel(...given) {
      const channel = super.createDataChannel(...given);
      channel.addEventListener('message', ({ data }) => studio.events.push({ at: performance.now(), ...JSON.parse(data) }));
      const send = channel.send.bind(channel);
      channel.send = (data) => {
        const event = JSON.parse(data);
        studio.sent.push(event);
        if (!studio.keep.includes(event.type)) send(data);
      };
      studio.tell = (event) => send(JSON.stringify(event));
      studio.hear = (event) => channel.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(event) }));
      return channel;
    }
  };
})();
